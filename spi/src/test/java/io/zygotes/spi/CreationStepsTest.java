package io.zygotes.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.CreationSteps.Step;
import io.zygotes.spi.testkit.FakeContext;
import io.zygotes.spi.testkit.FakePackages;
import io.zygotes.spi.testkit.FakeSandboxes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CreationStepsTest {

    @Test
    void theWholeIsTheSumOfTheStepsAndPartsAreNotCountedTwice() {
        CreationSteps steps = new CreationSteps(List.of(
                new Step("cgroup", 5), new Step("clone", 30, List.of(new Step("fork", 20), new Step("id", 1)))));

        assertEquals(35, steps.totalNanos());
        assertEquals(0, CreationSteps.NONE.totalNanos());
    }

    @Test
    void stepsStayAsTheyWere() {
        List<Step> parts = new ArrayList<>(List.of(new Step("fork", 20)));
        List<Step> all = new ArrayList<>(List.of(new Step("clone", 30, parts)));
        CreationSteps steps = new CreationSteps(all);

        parts.clear();
        all.clear();

        assertEquals(new CreationSteps(List.of(new Step("clone", 30, List.of(new Step("fork", 20))))), steps);
        assertThrows(UnsupportedOperationException.class, () -> steps.steps().clear());
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "clone", "clone3", "set_up_cgroup", "v2_limits"})
    void aNameCanBeAPartOfAStatistic(String name) {
        assertEquals(name, new Step(name, 1).name());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "Clone", "set up", "a,b", "_a", "a_", "a__b", "3a", "a-b", "ä"})
    void whatCannotBeAPartOfAStatisticIsNoName(String name) {
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> new Step(name, 1));

        assertTrue(error.getMessage().contains("\"" + name + "\""), error.getMessage());
    }

    @Test
    void noStepTakesLessThanNoTime() {
        assertThrows(IllegalArgumentException.class, () -> new Step("clone", -1));
        assertEquals(0, new Step("clone", 0).nanos());
    }

    @Test
    void aLeafSaysHowLongItsStepsTook() throws Exception {
        FakeSandboxes pool = new FakeSandboxes(FakePackages.wellKnown(), 1000);
        Leaf leaf = pool.createLeaf(Optional.empty(), FakeContext.leaf("hello", Set.of()));

        long nanos = Math.round(FakeSandboxes.FRESH_MILLIS * 1e6);
        assertEquals(new CreationSteps(List.of(new Step("modelled", nanos))), leaf.creation());
        assertEquals(nanos, leaf.creation().totalNanos());
    }
}
