package io.zygotes.sandbox.sock.linux;

import java.io.IOException;
import java.lang.foreign.ValueLayout;

/** Waits for one open file: poll(2). */
public final class Poll {

    private static final int POLLIN = 1;
    private static final int POLLOUT = 4;
    private static final int POLLHUP = 16;

    private static final CFunction POLL = CFunction.ofInt("poll");

    private Poll() {}

    /**
     * Waits until there is something to read, or the other end is gone.
     *
     * @param millis the longest to wait; 0 does not wait, -1 waits for ever
     * @return false if the time passed, or a signal came
     */
    public static boolean awaitInput(Descriptor file, int millis) throws IOException {
        return await(file, POLLIN, millis) != 0;
    }

    /**
     * Waits until there is room to write, or the other end is gone.
     *
     * @param millis as for {@link #awaitInput}
     * @return false if the time passed, or a signal came
     */
    public static boolean awaitRoom(Descriptor file, int millis) throws IOException {
        return await(file, POLLOUT, millis) != 0;
    }

    /** Whether there is something to read, other than the end. Does not wait. */
    public static boolean hasInput(Descriptor file) throws IOException {
        int events = await(file, POLLIN, 0);
        return events != 0 && (events & POLLHUP) == 0;
    }

    /** Returns what happened, 0 if nothing. */
    private static int await(Descriptor file, int event, int millis) throws IOException {
        int number = file.enter();
        try {
            long ready = Native.once(s -> {
                s.small.set(Native.INT, 0, number);
                s.small.set(ValueLayout.JAVA_SHORT, 4, (short) event);
                s.small.set(ValueLayout.JAVA_SHORT, 6, (short) 0);
                return POLL.call(s, s.small.address(), 1, millis);
            });
            if (ready < 0 && ready != -Errno.EINTR) {
                throw Native.failure("poll", ready);
            }
            return ready > 0 ? Scratch.get().small.get(ValueLayout.JAVA_SHORT, 6) : 0;
        } finally {
            file.release();
        }
    }
}
