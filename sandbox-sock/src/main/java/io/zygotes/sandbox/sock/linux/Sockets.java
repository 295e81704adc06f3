package io.zygotes.sandbox.sock.linux;

import java.io.IOException;

/** Sockets of unix(7) and their options. What goes through them is in {@link Messages}. */
public final class Sockets {

    /** What a socket carries: socket(2). */
    public enum Type {
        /** Bytes. */
        STREAM(1),
        /** Messages, whole and in their order. */
        SEQPACKET(5);

        private final int number;

        Type(int number) {
            this.number = number;
        }
    }

    private static final int AF_UNIX = 1;
    private static final int SOL_SOCKET = 1;
    private static final int SO_SNDBUF = 7;
    private static final int SO_PASSCRED = 16;
    static final int SO_PASSRIGHTS = 83; // since Linux 6.16
    private static final long SIOCOUTQ = 0x5411;
    private static final int SHUT_RD = 0;
    private static final int SHUT_RDWR = 2;

    private static final CFunction SOCKETPAIR = CFunction.ofInt("socketpair");
    private static final CFunction SOCKET = CFunction.ofInt("socket");
    private static final CFunction SETSOCKOPT = CFunction.ofInt("setsockopt");
    private static final CFunction SHUTDOWN = CFunction.ofInt("shutdown");
    private static final CFunction IOCTL = CFunction.ofInt("ioctl");

    private Sockets() {}

    /** Two connected Unix sockets, closed on exec. */
    public static SocketPair pair(Type type) throws LinuxException {
        int kind = type.number | Native.CLOEXEC;
        Native.require("socketpair", s -> SOCKETPAIR.call(s, AF_UNIX, kind, 0, s.small.address()));
        Scratch s = Scratch.get();
        return new SocketPair(new Descriptor(s.small.get(Native.INT, 0)), new Descriptor(s.small.get(Native.INT, 4)));
    }

    /** A socket of any family, closed on exec. */
    static Descriptor open(String purpose, int family, int type, int protocol) throws LinuxException {
        int kind = type | Native.CLOEXEC;
        return new Descriptor((int) Native.require(purpose, s -> SOCKET.call(s, family, kind, protocol)));
    }

    /** Asks the kernel to say of everything that this socket receives which process sent it (unix(7)). */
    public static void passCredentials(Descriptor socket) throws IOException {
        setOption(socket, SO_PASSCRED, 1);
    }

    /**
     * Has the kernel refuse to put open files into what this socket receives, where it can. Elsewhere they come with
     * what {@link Messages#receive} returns.
     */
    public static void refuseDescriptors(Descriptor socket) throws IOException {
        try {
            setOption(socket, SO_PASSRIGHTS, 0);
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOPROTOOPT) {
                throw e;
            }
        }
    }

    /** Makes room for messages of this size. */
    public static void sendBuffer(Descriptor socket, int bytes) throws IOException {
        setOption(socket, SO_SNDBUF, bytes);
    }

    static void setOption(Descriptor socket, int option, int value) throws IOException {
        Native.require("setsockopt " + option, socket, (s, number) -> {
            s.small.set(Native.INT, 0, value);
            return SETSOCKOPT.call(s, number, SOL_SOCKET, option, s.small.address(), 4);
        });
    }

    /** How much memory that takes which was sent through a unix(7) socket and is not read; 0 if all is. */
    public static int unread(Descriptor socket) throws IOException {
        Native.require("ioctl SIOCOUTQ", socket, (s, number) -> IOCTL.call(s, number, SIOCOUTQ, s.small.address()));
        return Scratch.get().small.get(Native.INT, 0);
    }

    /** Nothing more comes to this socket, nor leaves it; what came can be received still. */
    public static void shutdown(Descriptor socket) throws IOException {
        Native.make(socket, (s, number) -> SHUTDOWN.call(s, number, SHUT_RDWR));
    }

    /** Wakes everybody who waits on a socket; harmless on anything else. */
    static void shutdown(int number) {
        Native.once(s -> SHUTDOWN.call(s, number, SHUT_RDWR));
    }

    /** What came is read, and then the end, whoever may have the other side still. */
    static void shutdownReading(int number) {
        Native.once(s -> SHUTDOWN.call(s, number, SHUT_RD));
    }
}
