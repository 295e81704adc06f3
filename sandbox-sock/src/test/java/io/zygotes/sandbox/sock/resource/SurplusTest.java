package io.zygotes.sandbox.sock.resource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.sandbox.sock.linux.KernelErrors;
import io.zygotes.sandbox.sock.linux.LinuxException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SurplusTest {

    private final Surplus surplus = new Surplus();

    /** So many files, and no more. */
    private static final class Files {
        private int left;

        private Files(int left) {
            this.left = left;
        }

        synchronized void open() throws IOException {
            if (left == 0) {
                throw KernelErrors.tooManyFiles();
            }
            left--;
        }

        synchronized void close(int count) {
            left += count;
        }
    }

    @Test
    void whatWasMadeAheadIsGivenUpForWhatIsNeeded() throws Exception {
        Files files = new Files(0);
        surplus.add(() -> files.close(1));
        assertFalse(surplus.isShort());

        assertEquals("made", surplus.make(() -> {
            files.open();
            return "made";
        }));

        assertTrue(surplus.isShort(), "it is made ahead again at once");
    }

    @Test
    void whatFailsForAnotherReasonTakesNothingFromAnybody() {
        AtomicInteger givenUp = new AtomicInteger();
        AtomicInteger attempts = new AtomicInteger();
        surplus.add(givenUp::incrementAndGet);

        assertThrows(
                LinuxException.class,
                () -> surplus.make(() -> {
                    attempts.incrementAndGet();
                    throw KernelErrors.notThere();
                }));

        assertEquals(1, attempts.get());
        assertEquals(0, givenUp.get());
        assertFalse(surplus.isShort());
    }

    @Test
    void whoHasLeftIsNotAsked() throws Exception {
        AtomicInteger givenUp = new AtomicInteger();
        Surplus.Holder holder = givenUp::incrementAndGet;
        surplus.add(holder);
        surplus.remove(holder);

        assertThrows(
                LinuxException.class,
                () -> surplus.make(() -> {
                    throw KernelErrors.tooManyFiles();
                }));

        assertEquals(0, givenUp.get());
    }

    /** Each of four needs three of four files and has one, so that none of them gets the next one. */
    @Test
    void ofManyThatHoldPartsOfWhatTheyNeedOneSucceeds() throws Exception {
        Files files = new Files(4);
        CyclicBarrier all = new CyclicBarrier(4);
        List<Future<String>> made = new ArrayList<>();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            for (int i = 0; i < 4; i++) {
                AtomicInteger attempts = new AtomicInteger();
                made.add(threads.submit(() ->
                        surplus.make(() -> attempts.incrementAndGet() == 1 ? oneInTheWay(files, all) : three(files))));
            }
            int succeeded = 0;
            for (Future<String> one : made) {
                try {
                    assertEquals("made", one.get(30, TimeUnit.SECONDS));
                    succeeded++;
                } catch (ExecutionException e) {
                    assertEquals(LinuxException.class, e.getCause().getClass());
                }
            }
            assertEquals(1, succeeded);
        } finally {
            threads.shutdownNow();
        }
    }

    /** An attempt that meets all others: nobody gives back what it has before everybody has failed. */
    private static String oneInTheWay(Files files, CyclicBarrier all) throws IOException {
        files.open();
        meet(all);
        try {
            files.open();
        } catch (IOException e) {
            meet(all);
            files.close(1);
            throw e;
        }
        throw new AssertionError("there were more files than there are");
    }

    private static String three(Files files) throws IOException {
        int had = 0;
        try {
            for (; had < 3; had++) {
                files.open();
            }
        } catch (IOException e) {
            files.close(had);
            throw e;
        }
        return "made";
    }

    private static void meet(CyclicBarrier all) {
        try {
            all.await(30, TimeUnit.SECONDS);
        } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
            throw new AssertionError(e);
        }
    }
}
