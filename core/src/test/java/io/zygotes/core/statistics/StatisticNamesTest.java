package io.zygotes.core.statistics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.SandboxEvent;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StatisticNamesTest {

    @ParameterizedTest
    @ValueSource(strings = {"", "create_a b", "create_a,b", "Requests", "2xx", "_x", "a-b", "a.b", "é"})
    void whatIsNoNameIsRefusedWhenItIsCountedFirst(String name) {
        Statistics statistics = new Statistics();

        assertThrows(IllegalArgumentException.class, () -> statistics.count(name));
        assertThrows(IllegalArgumentException.class, () -> statistics.counter(name));
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> statistics.latency(name));
        assertTrue(e.getMessage().contains("\"" + name + "\""), e.getMessage());
        assertTrue(statistics.snapshot().isEmpty());
    }

    @Test
    void allNamesOfTheWorkerAreNames() throws Exception {
        int names = 0;
        for (Field field : StatisticNames.class.getFields()) {
            if (Modifier.isStatic(field.getModifiers()) && field.get(null) instanceof String name) {
                assertEquals(name, StatisticNames.check(name));
                names++;
            }
        }
        assertTrue(names > 5, names + " names");
        for (SandboxEvent.Kind kind : SandboxEvent.Kind.values()) {
            StatisticNames.check(StatisticNames.leaves(kind));
            StatisticNames.check(StatisticNames.zygotes(kind));
        }
        assertEquals("requests_4xx", StatisticNames.check(StatisticNames.requests(404)));
        assertEquals("create_clone", StatisticNames.check(StatisticNames.create("clone")));
    }

    @Test
    void numbersOfACacheKeepTheNamesThatTheContractAllows() {
        assertEquals("cache_hits.in-tree_2", StatisticNames.cache("hits.in-tree_2"));
        assertEquals("cache_two_words", StatisticNames.cache("two words"));
    }
}
