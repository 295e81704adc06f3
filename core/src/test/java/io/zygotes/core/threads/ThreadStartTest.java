package io.zygotes.core.threads;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.zygotes.spi.FailureKind;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class ThreadStartTest {

    @Test
    void aTaskIsHandedOn() {
        List<String> done = new ArrayList<>();

        ThreadStart.execute(Runnable::run, () -> done.add("it"));

        assertEquals(List.of("it"), done);
    }

    @Test
    void aThreadThatTheKernelRefusesIsAnErrorWithAKind() {
        Executor refused = task -> {
            throw new OutOfMemoryError("unable to create native thread");
        };

        NoThreadException e = assertThrows(NoThreadException.class, () -> ThreadStart.execute(refused, () -> {}));

        assertEquals(FailureKind.NO_PROCESSES, e.kind());
        assertEquals("the worker may not start another thread", e.getMessage());
    }

    @Test
    void anExecutorThatWasShutDownIsNoMatterOfThreads() {
        Executor shut = task -> {
            throw new RejectedExecutionException();
        };

        assertThrows(RejectedExecutionException.class, () -> ThreadStart.execute(shut, () -> {}));
    }
}
