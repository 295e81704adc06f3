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
                throw full();
            }
            bytes += more;
        }

        /**
         * Looks whether an answer would find room now. Nothing is taken: a call may take its time, and others may have
         * answered until then.
         *
         * @param length the length of its body in bytes
         * @throws NoRoomException if others take too much
         */
        void check(int length) throws NoRoomException {
            int needed = Math.max(length - FREE, 0);
            if (needed > 0 && taken.get() + needed > most) {
                throw full();
            }
        }

        /**
         * Takes what an answer needs.
         *
         * @param length the length of its body in bytes
         * @throws NoRoomException if others take too much; then nothing was taken
         */
        void takeAnswer(int length) throws NoRoomException {
            take(Math.max(length - FREE, 0));
        }

        private NoRoomException full() {
            return new NoRoomException("the bodies of other requests take all the memory that there is for them ("
                    + (most >> 20) + " MiB, a quarter of Java's); try again later");
        }

        /** Gives all of it back. Idempotent. */
        @Override
        public void close() {
            taken.addAndGet(-bytes);
            bytes = 0;
        }
    }
}
