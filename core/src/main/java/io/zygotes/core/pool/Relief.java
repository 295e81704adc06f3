package io.zygotes.core.pool;

import io.zygotes.core.files.StorageException;
import io.zygotes.spi.SandboxException;

/**
 * What helps when a sandbox cannot be made although there is memory for it, or what it needs cannot be read: leaves at rest hold open files and processes
 * as well, and nobody counts those beforehand. Safe for use by many threads.
 */
final class Relief {

    /** Leaves that go at once: each is a call that has to make a leaf later, and holds what some eight files are. */
    private static final int LEAVES = 8;

    private static final int MOST_ATTEMPTS = 4;
    /** After the first attempt; the mechanism frees what an ended leaf held behind its end, in some milliseconds. */
    private static final long FIRST_REST_MILLIS = 5;

    private final Reservations memory;

    Relief(Reservations memory) {
        this.memory = memory;
    }

    /** Makes something by the mechanism. */
    @FunctionalInterface
    interface Making<T> {
        T make() throws SandboxException, InterruptedException;
    }

    /**
     * Makes it, and where files or processes are short, ends some leaves at rest and tries again.
     *
     * @throws SandboxException as the making; the last one, if none is at rest any more, or it helps nothing
     * @throws InterruptedException as the making
     */
    <T> T make(Making<T> making) throws SandboxException, InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try {
                return making.make();
            } catch (SandboxException e) {
                if (!relieve(e, attempt)) {
                    throw e;
                }
            }
        }
    }

    /**
     * Ends some leaves at rest, if something failed because files or processes are short, and rests a moment.
     *
     * @param attempt how often it was tried, 1 for the first time
     * @return whether to try again
     * @throws InterruptedException if the calling thread is interrupted
     */
    boolean relieve(Throwable failure, int attempt) throws InterruptedException {
        if (!helps(failure) || attempt >= MOST_ATTEMPTS || memory.evictLeaves(LEAVES) == 0) {
            return false;
        }
        // Four times as long each time: 5, 20 and 80 ms.
        Thread.sleep(FIRST_REST_MILLIS << 2 * (attempt - 1));
        return true;
    }

    private static boolean helps(Throwable failure) {
        return switch (StorageException.kindOf(failure)) {
            case TOO_MANY_FILES, NO_PROCESSES -> true;
            case NO_SPACE, NO_MEMORY, REFUSED, TIMED_OUT, GONE, PYTHON, OTHER -> false;
        };
    }
}
