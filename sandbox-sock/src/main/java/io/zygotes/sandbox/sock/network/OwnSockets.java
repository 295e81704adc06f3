package io.zygotes.sandbox.sock.network;

import static io.zygotes.sandbox.sock.network.Verdict.ADDRESS;
import static io.zygotes.sandbox.sock.network.Verdict.ALLOWED;
import static io.zygotes.sandbox.sock.network.Verdict.CGROUP;
import static io.zygotes.sandbox.sock.network.Verdict.KEY;
import static io.zygotes.sandbox.sock.network.Verdict.LAST_WORD_OF_LOCALHOST6;
import static io.zygotes.sandbox.sock.network.Verdict.LOCALHOST4;
import static io.zygotes.sandbox.sock.network.Verdict.LOOPBACK;
import static io.zygotes.sandbox.sock.network.Verdict.LOOPBACK6;
import static io.zygotes.sandbox.sock.network.Verdict.REFUSED;
import static io.zygotes.sandbox.sock.network.Verdict.SK_STORAGE_GET;
import static io.zygotes.sandbox.sock.network.Verdict.UNKNOWN;

import io.zygotes.sandbox.sock.network.Assembler.Size;
import io.zygotes.sandbox.sock.network.Assembler.When;

/**
 * A part of a program that follows its {@link Verdict#ranges}: asks the kernel for the socket that would get what was
 * refused, and lets through what stays in the same sandbox. Registers are those of {@link Verdict}.
 */
final class OwnSockets {

    // enum bpf_func_id, with the version of Linux that has them in programs of cgroups
    private static final int SK_LOOKUP_TCP = 84; // 5.0
    private static final int SK_LOOKUP_UDP = 85; // 5.0
    private static final int SK_RELEASE = 86;
    private static final int SET_RETVAL = 187; // 6.1

    // The stack.
    private static final int TUPLE = -80;
    private static final int TRANSPORT = -116;
    private static final int OWN = -128;

    /** struct bpf_sock_tuple of IPv4 and of IPv6. */
    private static final int TUPLE4 = 12, TUPLE6 = 36;

    private static final int BPF_F_CURRENT_NETNS = -1;
    /** In struct bpf_sock_addr the socket; in struct bpf_sock its port. */
    private static final int SOCKET = 64, SOCKET_PORT = 44;
    /** In struct bpf_sock the address of IPv4 that it is bound to. */
    private static final int SOCKET_ADDRESS4 = 24;

    private static final int ECONNREFUSED = 111;

    private final Assembler a;
    private final FilterMaps maps;
    private final boolean choosesError;

    OwnSockets(Assembler assembler, FilterMaps maps, boolean choosesError) {
        this.a = assembler;
        this.maps = maps;
        this.choosesError = choosesError;
    }

    /** The port of the socket that is used, in the order of the network, into register 1: see {@link #ownSocket}. */
    void portOfSocket() {
        a.load(Size.LONG, 1, 6, SOCKET);
        a.load(Size.WORD, 1, 1, SOCKET_PORT);
        a.swap16(1);
    }

    /**
     * Whether what was refused is loopback, and there is a socket of the same sandbox. The kernel finds the socket that
     * would get the connection or message; whose it is, was written down when it was made.
     *
     * @param ip6 whether the address may be one of IPv6
     * @param sourcePort puts the sender's port into register 1; of TCP it is not known yet, and nobody asks for it
     */
    void ownSocket(boolean ip6, Runnable sourcePort) {
        a.load(Size.WORD, 1, 10, LOOPBACK);
        a.jumpIf(1, When.EQUAL, 0, REFUSED);
        a.jumpIf(9, When.EQUAL, FilterMaps.OTHER, REFUSED);
        if (ip6) {
            a.jumpIf(1, When.EQUAL, LOOPBACK6, "tuple6");
        }
        a.storeNumber(Size.WORD, 10, TUPLE, LOCALHOST4);
        a.load(Size.WORD, 1, 10, ADDRESS + 12);
        a.jumpIf(1, When.DIFFERENT, 0, "to4");
        a.set(1, LOCALHOST4);
        a.label("to4");
        a.store(Size.WORD, 10, TUPLE + 4, 1);
        ports(TUPLE + 8, sourcePort, "4");
        find(TUPLE4, "4");
        if (ip6) {
            a.label("tuple6");
            for (int i = 0; i < 8; i++) {
                a.storeNumber(Size.WORD, 10, TUPLE + 4 * i, i % 4 == 3 ? LAST_WORD_OF_LOCALHOST6 : 0);
            }
            ports(TUPLE + 32, sourcePort, "6");
            find(TUPLE6, "6");
        }
        found();
    }

    /**
     * As {@link #ownSocket}, of a packet. Its source may be anything of this machine.
     *
     * @param ports where in the stack its ports are
     */
    void ownSocketOfPacket(int ports) {
        ownSocket(true, () -> a.load(Size.HALF, 1, 10, ports));
    }

    /**
     * Whether all addresses of IPv6 are to be bound to, at a port of TCP at which a socket of the same sandbox listens on
     * all addresses of IPv4. Servers for both (tornado, asyncio) have the kernel choose a port for the first, and take
     * the same for the second.
     */
    void ownPort() {
        for (int i = 0; i < 4; i++) {
            a.load(Size.WORD, 1, 10, ADDRESS + 4 * i);
            a.jumpIf(1, When.DIFFERENT, 0, REFUSED);
        }
        a.jumpIf(9, When.DIFFERENT, FilterMaps.TCP, REFUSED);
        a.storeNumber(Size.WORD, 10, TUPLE, LOCALHOST4);
        a.storeNumber(Size.WORD, 10, TUPLE + 4, LOCALHOST4);
        ports(TUPLE + 8, () -> {}, "4");
        lookupSocket(TUPLE4, SK_LOOKUP_TCP);
        a.jumpIfLong(0, When.EQUAL, 0, REFUSED);
        a.load(Size.WORD, 1, 0, SOCKET_ADDRESS4);
        a.store(Size.WORD, 10, KEY, 1);
        lookAtOwner();
        a.load(Size.WORD, 1, 10, OWN);
        a.jumpIf(1, When.EQUAL, 0, REFUSED);
        a.load(Size.WORD, 1, 10, KEY);
        // At an address of loopback any port may be taken: that is nobody's choice but the sandbox's own.
        a.jumpIf(1, When.EQUAL, 0, ALLOWED);
    }

    private void ports(int at, Runnable sourcePort, String family) {
        String known = "port" + family;
        a.set(1, 0);
        a.jumpIf(9, When.EQUAL, FilterMaps.TCP, known);
        sourcePort.run();
        a.label(known);
        a.store(Size.HALF, 10, at, 1);
        a.copy(1, 8);
        a.swap16(1);
        a.store(Size.HALF, 10, at + 2, 1);
    }

    private void find(int tuple, String family) {
        String udp = "find-udp" + family;
        a.jumpIf(9, When.EQUAL, FilterMaps.UDP, udp);
        lookupSocket(tuple, SK_LOOKUP_TCP);
        a.jump("found");
        a.label(udp);
        lookupSocket(tuple, SK_LOOKUP_UDP);
        a.jump("found");
    }

    private void lookupSocket(int tuple, int function) {
        a.copy(1, 6);
        a.stack(2, TUPLE);
        a.set(3, tuple);
        a.set(4, BPF_F_CURRENT_NETNS);
        a.set(5, 0);
        a.call(function);
    }

    /** From a socket in register 0. */
    private void found() {
        a.label("found");
        a.jumpIfLong(0, When.EQUAL, 0, choosesError ? "nobody" : REFUSED);
        lookAtOwner();
        a.load(Size.WORD, 1, 10, OWN);
        a.jumpIf(1, When.DIFFERENT, 0, ALLOWED);
        if (choosesError) {
            a.jump(REFUSED);
            // Programs wait for their own servers by trying again and again while this is the error. What would come is
            // not let through all the same: somebody else may begin to listen at that moment.
            a.label("nobody");
            a.set(1, -ECONNREFUSED);
            a.call(SET_RETVAL);
            a.jump(UNKNOWN);
        }
    }

    /** Writes down whether the socket in register 0 is one of this sandbox, and lets go of it. */
    private void lookAtOwner() {
        a.store(Size.WORD, 10, TRANSPORT, 9);
        a.copy(9, 0);
        a.storeNumber(Size.WORD, 10, OWN, 0);
        a.map(1, maps.owners());
        a.copy(2, 9);
        a.set(3, 0);
        a.set(4, 0);
        a.call(SK_STORAGE_GET);
        a.jumpIfLong(0, When.EQUAL, 0, "release");
        a.load(Size.LONG, 1, 0, 0);
        a.load(Size.LONG, 2, 10, CGROUP);
        a.jumpIfLongsDiffer(1, 2, "release");
        a.storeNumber(Size.WORD, 10, OWN, 1);
        a.label("release");
        a.copy(1, 9);
        a.call(SK_RELEASE);
        a.load(Size.WORD, 9, 10, TRANSPORT);
    }
}
