package io.zygotes.sandbox.sock.linux;

import java.io.IOException;
import java.lang.invoke.MethodHandle;

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

    private static final MethodHandle SOCKETPAIR =
            Native.function("socketpair", Native.INT, Native.INT, Native.INT, Native.INT, Native.POINTER);
    private static final MethodHandle SOCKET =
            Native.function("socket", Native.INT, Native.INT, Native.INT, Native.INT);
    private static final MethodHandle SETSOCKOPT =
            Native.function("setsockopt", Native.INT, Native.INT, Native.INT, Native.INT, Native.POINTER, Native.INT);
    private static final MethodHandle SHUTDOWN = Native.function("shutdown", Native.INT, Native.INT, Native.INT);
    private static final MethodHandle IOCTL =
            Native.variadic("ioctl", 2, Native.INT, Native.INT, Native.LONG, Native.POINTER);

    private Sockets() {}

    /** Two connected Unix sockets, closed on exec. */
    public static SocketPair pair(Type type) throws LinuxException {
        int kind = type.number | Native.CLOEXEC;
        Native.require("socketpair", s -> (int) SOCKETPAIR.invokeExact(s.state, AF_UNIX, kind, 0, s.small));
        Scratch s = Scratch.get();
        return new SocketPair(new Descriptor(s.small.get(Native.INT, 0)), new Descriptor(s.small.get(Native.INT, 4)));
    }

    /** A socket of any family, closed on exec. */
    static Descriptor open(String purpose, int family, int type, int protocol) throws LinuxException {
        int kind = type | Native.CLOEXEC;
        return new Descriptor(
                (int) Native.require(purpose, s -> (int) SOCKET.invokeExact(s.state, family, kind, protocol)));
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
            return (int) SETSOCKOPT.invokeExact(s.state, number, SOL_SOCKET, option, s.small, 4);
        });
    }

    /** How much memory that takes which was sent through a unix(7) socket and is not read; 0 if all is. */
    public static int unread(Descriptor socket) throws IOException {
        Native.require(
                "ioctl SIOCOUTQ", socket, (s, number) -> (int) IOCTL.invokeExact(s.state, number, SIOCOUTQ, s.small));
        return Scratch.get().small.get(Native.INT, 0);
    }

    /** Nothing more comes to this socket, nor leaves it; what came can be received still. */
    public static void shutdown(Descriptor socket) throws IOException {
        Native.make(socket, (s, number) -> (int) SHUTDOWN.invokeExact(s.state, number, SHUT_RDWR));
    }

    /** Wakes everybody who waits on a socket; harmless on anything else. */
    static void shutdown(int number) {
        Native.once(s -> (int) SHUTDOWN.invokeExact(s.state, number, SHUT_RDWR));
    }

    /** What came is read, and then the end, whoever may have the other side still. */
    static void shutdownReading(int number) {
        Native.once(s -> (int) SHUTDOWN.invokeExact(s.state, number, SHUT_RD));
    }
}
