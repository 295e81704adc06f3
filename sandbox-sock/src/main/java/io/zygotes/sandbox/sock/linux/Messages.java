package io.zygotes.sandbox.sock.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** What goes through sockets: data, open files, and who sent it. Nothing here waits. */
public final class Messages {

    private static final int SOL_SOCKET = 1;
    private static final int SCM_RIGHTS = 1;
    private static final int SCM_CREDENTIALS = 2;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int MSG_CMSG_CLOEXEC = 0x40000000;

    /** What one send takes off a large body; more than a socket's buffer holds would be copied for nothing. */
    private static final int LARGEST_PART = 1 << 18;

    private static final CFunction SENDMSG = CFunction.ofLong("sendmsg");
    private static final CFunction RECVMSG = CFunction.ofLong("recvmsg");

    private Messages() {}

    /**
     * What came from a socket.
     *
     * @param data the bytes; empty at the end of the stream
     * @param pid the process that sent it, as this process sees it; 0 if unknown
     * @param descriptors open files that came along; whoever receives them has them closed. That may take as long as
     *     their sender likes (SO_LINGER of socket(7))
     */
    public record Received(byte[] data, int pid, List<Descriptor> descriptors) {}

    /**
     * Sends as much as goes without waiting. On a SOCK_SEQPACKET socket that is the whole message or nothing.
     *
     * @param from where in the data to begin
     * @param along open files to send along with the first byte; they stay open here
     * @return how many bytes went; 0 if there is no room now
     */
    public static int send(Descriptor socket, byte[] data, int from, List<Descriptor> along) throws IOException {
        int entered = 0;
        try {
            Scratch s = Scratch.get();
            for (; entered < along.size(); entered++) {
                s.control.set(Native.INT, 16 + 4L * entered, along.get(entered).enter());
            }
            return send(socket, data, from, entered == 0 ? 0 : rights(s, entered));
        } finally {
            for (int i = 0; i < entered; i++) {
                along.get(i).release();
            }
        }
    }

    /**
     * Sends one message in the name of another process (needs CAP_SYS_ADMIN): the receiver's kernel tells it that
     * process's id, translated to its own pid namespace.
     *
     * @return how many bytes went; 0 if there is no room now
     */
    public static int sendAs(int pid, Descriptor socket, byte[] data) throws IOException {
        return send(socket, data, 0, credentials(Scratch.get(), pid));
    }

    private static int send(Descriptor socket, byte[] data, int from, long controlLength) throws IOException {
        int length = data.length - from;
        if (length <= Scratch.DATA_SIZE) {
            MemorySegment buffer = Scratch.get().data;
            MemorySegment.copy(data, from, buffer, ValueLayout.JAVA_BYTE, 0, length);
            return send(socket, buffer, length, controlLength);
        }
        try (Arena arena = Arena.ofConfined()) {
            int part = Math.min(length, LARGEST_PART);
            MemorySegment copy = arena.allocate(part);
            MemorySegment.copy(data, from, copy, ValueLayout.JAVA_BYTE, 0, part);
            return send(socket, copy, part, controlLength);
        }
    }

    private static int send(Descriptor socket, MemorySegment buffer, int length, long controlLength)
            throws IOException {
        long sent = Native.make(socket, (s, number) -> {
            MemorySegment header = s.message(buffer, length, controlLength);
            return SENDMSG.call(s, number, header.address(), MSG_NOSIGNAL | MSG_DONTWAIT);
        });
        if (sent >= 0) {
            return (int) sent;
        }
        if (sent == -Errno.EAGAIN) {
            return 0;
        }
        throw Native.failure("sendmsg", sent);
    }

    /** Writes the head of a control message (cmsg(3)) for descriptors that are there already; returns its length. */
    private static long rights(Scratch s, int count) {
        s.control.set(Native.LONG, 0, 16 + 4L * count);
        s.control.set(Native.INT, 8, SOL_SOCKET);
        s.control.set(Native.INT, 12, SCM_RIGHTS);
        return (16 + 4L * count + 7) & ~7L;
    }

    /** Writes a control message with a process id, and root as user and group; returns its length. */
    private static long credentials(Scratch s, int pid) {
        s.control.set(Native.LONG, 0, 28);
        s.control.set(Native.INT, 8, SOL_SOCKET);
        s.control.set(Native.INT, 12, SCM_CREDENTIALS);
        s.control.set(Native.INT, 16, pid);
        s.control.set(Native.INT, 20, 0);
        s.control.set(Native.INT, 24, 0);
        return 32;
    }

    /**
     * Takes what has come to a socket, at most 64 KiB.
     *
     * @return null if there is nothing yet
     */
    public static Received receive(Descriptor socket) throws IOException {
        long got = Native.make(socket, (s, number) -> {
            MemorySegment header = s.message(s.data, Scratch.DATA_SIZE, Scratch.CONTROL_SIZE);
            return RECVMSG.call(s, number, header.address(), MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        });
        if (got >= 0) {
            Scratch s = Scratch.get();
            return readControl(s, s.data.asSlice(0, got).toArray(ValueLayout.JAVA_BYTE));
        }
        if (got == -Errno.EAGAIN) {
            return null;
        }
        throw Native.failure("recvmsg", got);
    }

    private static Received readControl(Scratch s, byte[] data) {
        int pid = 0;
        List<Descriptor> descriptors = List.of();
        long end = s.controlLength();
        for (long at = 0; at + 16 <= end; ) {
            long length = s.control.get(Native.LONG, at);
            if (length < 16) {
                break;
            }
            int kind = s.control.get(Native.INT, at + 12);
            if (kind == SCM_CREDENTIALS) {
                pid = s.control.get(Native.INT, at + 16);
            } else if (kind == SCM_RIGHTS) {
                descriptors = new ArrayList<>();
                for (long fd = at + 16; fd + 4 <= at + length; fd += 4) {
                    descriptors.add(new Descriptor(s.control.get(Native.INT, fd)));
                }
            }
            at += (length + 7) & ~7L;
        }
        return new Received(data, pid, descriptors);
    }
}
