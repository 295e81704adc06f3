package io.zygotes.sandbox.sock.linux;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Waits for many open files together: epoll(7). Any thread may watch, one at a time may wait. */
public final class Poller implements AutoCloseable {

    private static final int EPOLLIN = 1;
    private static final int EPOLL_CTL_ADD = 1;
    private static final int EPOLL_CTL_DEL = 2;
    /** How many of those that are ready one wait tells of. */
    private static final int MOST_AT_ONCE = 64;

    /** struct epoll_event is packed on x86 only (epoll_ctl(2)). */
    private static final boolean PACKED = System.getProperty("os.arch").equals("amd64");

    private static final long EVENT_SIZE = PACKED ? 12 : 16;
    private static final long EVENT_DATA = PACKED ? 4 : 8;

    private static final CFunction EPOLL_CREATE1 = CFunction.ofInt("epoll_create1");
    private static final CFunction EPOLL_CTL = CFunction.ofInt("epoll_ctl");
    private static final CFunction EPOLL_WAIT = CFunction.ofInt("epoll_wait");

    private final Descriptor epoll;
    private final Map<Integer, Descriptor> watched = new ConcurrentHashMap<>();

    private Poller(Descriptor epoll) {
        this.epoll = epoll;
    }

    /** Makes one: epoll_create1(2). */
    public static Poller open() throws LinuxException {
        return new Poller(new Descriptor(
                (int) Native.require("epoll_create1", s -> EPOLL_CREATE1.call(s, Native.CLOEXEC))));
    }

    /**
     * Adds a file to watch for input. {@link #unwatch} it before it is closed: the kernel itself ends the watch only
     * with the last copy of the descriptor, in whichever process that is (epoll(7)).
     */
    public void watch(Descriptor file) throws IOException {
        int number = file.enter();
        try {
            watched.put(number, file);
            change("epoll_ctl add", EPOLL_CTL_ADD, number);
        } catch (IOException e) {
            watched.remove(number, file);
            throw e;
        } finally {
            file.release();
        }
    }

    /** Ends what {@link #watch} began. */
    public void unwatch(Descriptor file) throws IOException {
        int number = file.enter();
        try {
            watched.remove(number, file);
            change("epoll_ctl del", EPOLL_CTL_DEL, number);
        } finally {
            file.release();
        }
    }

    private void change(String name, int operation, int number) throws IOException {
        Native.require(name, epoll, (s, poller) -> {
            s.small.set(Native.INT, 0, EPOLLIN);
            s.small.set(ValueLayout.JAVA_LONG_UNALIGNED, EVENT_DATA, number);
            return EPOLL_CTL.call(s, poller, operation, number, s.small.address());
        });
    }

    /**
     * Waits for input.
     *
     * @param millis the longest to wait; 0 does not wait, -1 waits for ever
     * @return the files that have some; none if the time passed, or a signal came
     */
    public List<Descriptor> await(int millis) throws IOException {
        int poller = epoll.enter();
        try {
            long count = Native.once(s -> EPOLL_WAIT.call(s, poller, s.data.address(), MOST_AT_ONCE, millis));
            if (count == -Errno.EINTR) {
                return List.of();
            }
            if (count < 0) {
                throw Native.failure("epoll_wait", count);
            }
            Scratch s = Scratch.get();
            List<Descriptor> ready = new ArrayList<>((int) count);
            for (int i = 0; i < count; i++) {
                long number = s.data.get(ValueLayout.JAVA_LONG_UNALIGNED, i * EVENT_SIZE + EVENT_DATA);
                Descriptor file = watched.get((int) number);
                if (file != null) {
                    ready.add(file);
                }
            }
            return ready;
        } finally {
            epoll.release();
        }
    }

    @Override
    public void close() {
        epoll.close();
    }
}
