package io.zygotes.launcher.control;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HangupTest {

    private static void hangUp() throws Exception {
        new ProcessBuilder("kill", "-HUP", Long.toString(ProcessHandle.current().pid()))
                .start()
                .waitFor();
    }

    @Test
    void aSignalRunsTheActionAndOneThatComesMeanwhileRunsItOnceMore() throws Exception {
        Semaphore runs = new Semaphore(0);
        CountDownLatch go = new CountDownLatch(1);
        boolean handled = Hangup.handle(() -> {
            runs.release();
            try {
                go.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        Assumptions.assumeTrue(handled, "the build runs under nohup");

        hangUp();
        assertTrue(runs.tryAcquire(30, TimeUnit.SECONDS));
        hangUp();
        hangUp();
        go.countDown();

        assertTrue(runs.tryAcquire(30, TimeUnit.SECONDS), "a change that came after the first one began is seen");
    }
}
