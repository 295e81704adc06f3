package io.zygotes.core.function;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class ReservedConcurrencyTest {

    private final ReservedConcurrency limits = new ReservedConcurrency();

    private void assertReached(String lambda) {
        assertThrows(ReservedConcurrency.ReachedException.class, () -> limits.enter(lambda));
    }

    @Test
    void soManyCallsRunAtOnceAndNoMore() throws Exception {
        limits.set("hello", Optional.of(2));
        try (ReservedConcurrency.Permit _ = limits.enter("hello")) {
            try (ReservedConcurrency.Permit _ = limits.enter("hello")) {
                assertReached("hello");
            }
            limits.enter("hello").close();
            limits.enter("other").close();
        }
    }

    @Test
    void versionsCountWithTheirFunction() throws Exception {
        limits.set("hello", Optional.of(1));
        try (ReservedConcurrency.Permit _ = limits.enter("hello.v3")) {
            assertReached("hello");
            assertReached("hello.v12");
            limits.enter("hello.v").close();
        }
    }

    @Test
    void noneAtAllIsABoundToo() throws Exception {
        limits.set("hello", Optional.of(0));
        assertReached("hello");
        limits.set("hello", Optional.empty());
        limits.enter("hello").close();
    }
}
