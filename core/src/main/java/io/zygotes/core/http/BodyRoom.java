package io.zygotes.core.http;

import io.zygotes.core.http.HttpQuestion.NoRoomException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The memory that bodies of requests and answers may take together. Without a bound, clients that send many at once, or
 * do not take their answers, would leave the worker no memory for anything else. Safe for use by many threads.
 */
final class BodyRoom {

    /** What each request may take uncounted, in bytes: there are so few requests at a time that it does not matter. */
    static final int FREE = 1 << 12;

    private final long most;
    private final AtomicLong taken = new AtomicLong();

    /** @param most bytes that may be taken together */
    BodyRoom(long most) {
        this.most = most;
    }

    /** The part of one request; nothing is taken yet. */
    Share share() {
        return new Share();
    }

    /** How many bytes are taken now. */
    long taken() {
        return taken.get();
    }

    /** The part of one request. Used by one thread at a time. */
    final class Share implements AutoCloseable {

        private long bytes;
        /** The part of it that was taken for an answer which is not there yet. */
        private int claimed;

        private Share() {}

        /**
         * Takes more.
         *
         * @param more bytes, not negative
         * @throws NoRoomException if others take too much; then nothing was taken
         */
        void take(int more) throws NoRoomException {
            if (taken.addAndGet(more) > most) {
                taken.addAndGet(-more);
                throw new NoRoomException("the bodies of other requests take all the memory that there is for them ("
                        + (most >> 20) + " MiB, a quarter of Java's); try again later");
            }
            bytes += more;
        }

        /**
         * Takes what an answer is going to need.
         *
         * @param length the length of its body in bytes
         * @throws NoRoomException if others take too much; then nothing was taken
         */
        void claim(int length) throws NoRoomException {
            int needed = Math.max(length - FREE, 0);
            take(needed);
            claimed += needed;
        }

        /**
         * The answer is there: takes what was not claimed, or gives back what was claimed in vain.
         *
         * @param length the length of its body in bytes
         * @throws NoRoomException if others take too much
         */
        void settle(int length) throws NoRoomException {
            int more = Math.max(length - FREE, 0) - claimed;
            claimed = 0;
            if (more > 0) {
                take(more);
            } else {
                taken.addAndGet(more);
                bytes += more;
            }
        }

        /** Gives all of it back. Idempotent. */
        @Override
        public void close() {
            taken.addAndGet(-bytes);
            bytes = 0;
        }
    }
}
