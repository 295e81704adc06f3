package io.zygotes.sandbox.sock.network;

import io.zygotes.sandbox.sock.linux.BpfPrograms;
import io.zygotes.sandbox.sock.linux.BpfPrograms.Hook;
import io.zygotes.sandbox.sock.network.Assembler.Size;
import io.zygotes.sandbox.sock.network.Assembler.When;

/**
 * The programs that refuse what the rules of a sandbox do not allow. Each begins with what its hook gives it, and ends
 * with what all have in common, in {@link Verdict}. Structures are those of linux/bpf.h: struct bpf_sock_addr, bpf_sock
 * and __sk_buff.
 *
 * <p>There is a program at every door that an address comes in by. The one that looks at packets (EGRESS) is behind
 * them all: what was allowed once may mean somebody else by the time that it is sent, such as a UDP port of this
 * machine that was the sandbox's own, and options of IPv4 and headers of IPv6 route a packet past the address that a
 * door saw.
 */
final class FilterPrograms {

    // struct bpf_sock_addr
    private static final int USER_IP4 = 4, USER_IP6 = 8, USER_PORT = 24, PROTOCOL = 36;
    // struct bpf_sock
    private static final int SOCKET_PROTOCOL = 12;
    // struct __sk_buff
    private static final int PACKET_PROTOCOL = 16;

    private static final int IPPROTO_TCP = 6, IPPROTO_UDP = 17;
    /** Of Ethernet, ETH_P_IP and ETH_P_IPV6, in the order of the network. */
    private static final int IP4 = 0x0008, IP6 = 0xDD86;
    /** The first byte of a header of IPv4 that has no options. */
    private static final int IP4_WITHOUT_OPTIONS = 0x45;

    private static final int IP4_HEADER = 20, IP6_HEADER = 40;
    /** Where in the header of TCP the flags are, and two of them. */
    private static final int TCP_FLAGS = 13, SYN = 0x02, SYN_AND_ACK = 0x12;

    private static final int BPF_SK_STORAGE_GET_F_CREATE = 1;

    /** Where in the stack the header of a packet is, its ports and its flags of TCP. */
    private static final int HEADER = -168, PORTS = -124, FLAGS = -120;

    private final FilterMaps maps;
    private final boolean choosesError;

    /**
     * @param choosesError whether the kernel lets programs choose the error (since Linux 6.1)
     */
    FilterPrograms(FilterMaps maps, boolean choosesError) {
        this.maps = maps;
        this.choosesError = choosesError;
    }

    /** The program of a hook. */
    BpfPrograms.Code of(Hook hook) {
        return switch (hook) {
            case EGRESS -> egress();
            case SOCKET_CREATE -> socketCreate();
            case BIND4, CONNECT4, SENDMSG4 -> address(hook, false);
            case BIND6, CONNECT6, SENDMSG6 -> address(hook, true);
        };
    }

    /** bind(2), connect(2), and sendmsg(2) of UDP. */
    private BpfPrograms.Code address(Hook hook, boolean ip6) {
        Operation operation = switch (hook) {
            case BIND4, BIND6 -> Operation.BIND;
            case SENDMSG4, SENDMSG6 -> Operation.SEND;
            default -> Operation.CONNECT;
        };
        boolean bind = operation == Operation.BIND;
        Assembler a = new Assembler();
        Verdict verdict = new Verdict(a, maps, operation);
        a.copy(6, 1);
        a.call(Verdict.GET_CURRENT_CGROUP_ID);
        verdict.group();

        a.load(Size.WORD, 8, 6, USER_PORT);
        a.swap16(8);
        if (bind) {
            // The kernel chooses a free one: nobody's is taken, and every client has one.
            a.jumpIf(8, When.EQUAL, 0, Verdict.ALLOWED);
        }
        if (ip6) {
            for (int i = 0; i < 4; i++) {
                a.load(Size.WORD, 1 + i, 6, USER_IP6 + 4 * i);
            }
            verdict.address6(bind);
        } else {
            a.load(Size.WORD, 4, 6, USER_IP4);
            verdict.address4(bind);
        }
        if (bind) {
            verdict.jumpIfLoopback(Verdict.ALLOWED);
        }
        a.load(Size.WORD, 1, 6, PROTOCOL);
        transport(a);
        verdict.ranges();
        OwnSockets own = new OwnSockets(a, maps, choosesError);
        if (!bind) {
            own.ownSocket(ip6, own::portOfSocket);
        } else if (ip6) {
            own.ownPort();
        }
        verdict.end();
        return a.code();
    }

    /** The transport, from a protocol in register 1 into register 9. */
    private static void transport(Assembler a) {
        a.set(9, FilterMaps.TCP);
        a.jumpIf(1, When.EQUAL, IPPROTO_TCP, "transport");
        a.set(9, FilterMaps.UDP);
        a.jumpIf(1, When.EQUAL, IPPROTO_UDP, "transport");
        a.set(9, FilterMaps.OTHER);
        a.label("transport");
    }

    /**
     * socket(2): writes down whose the socket is. With rules there are only TCP and UDP, because the kernel asks nobody
     * where other sockets send to: ping sockets have no hook for sendmsg(2).
     */
    private BpfPrograms.Code socketCreate() {
        Assembler a = new Assembler();
        Verdict verdict = new Verdict(a, maps, Operation.SOCKET);
        a.copy(6, 1);
        a.call(Verdict.GET_CURRENT_CGROUP_ID);
        a.store(Size.LONG, 10, Verdict.CGROUP, 0);
        a.map(1, maps.owners());
        a.copy(2, 6);
        a.set(3, 0);
        a.set(4, BPF_SK_STORAGE_GET_F_CREATE);
        a.call(Verdict.SK_STORAGE_GET);
        // Without memory for it the sandbox cannot reach this socket itself; nothing is allowed by that.
        a.jumpIfLong(0, When.EQUAL, 0, "owner");
        a.load(Size.LONG, 1, 10, Verdict.CGROUP);
        a.store(Size.LONG, 0, 0, 1);
        a.label("owner");
        a.load(Size.LONG, 0, 10, Verdict.CGROUP);
        verdict.group();
        a.load(Size.WORD, 8, 6, SOCKET_PROTOCOL);
        a.jumpIf(8, When.EQUAL, IPPROTO_TCP, Verdict.ALLOWED);
        a.jumpIf(8, When.EQUAL, IPPROTO_UDP, Verdict.ALLOWED);
        a.set(9, FilterMaps.OTHER);
        verdict.noAddress();
        verdict.end();
        return a.code();
    }

    /** Packets of UDP, and the first one of each connection of TCP. */
    private BpfPrograms.Code egress() {
        Assembler a = new Assembler();
        Verdict verdict = new Verdict(a, maps, Operation.PACKET);
        a.copy(6, 1);
        a.load(Size.WORD, 1, 6, PACKET_PROTOCOL);
        a.jumpIf(1, When.EQUAL, IP4, "ip4");
        a.jumpIf(1, When.DIFFERENT, IP6, Verdict.UNKNOWN);

        loadBytes(a, 0, HEADER, IP6_HEADER);
        a.load(Size.BYTE, 1, 10, HEADER + 6);
        packet(a, verdict, "6", IP6_HEADER);
        for (int i = 0; i < 4; i++) {
            a.load(Size.WORD, 1 + i, 10, HEADER + 24 + 4 * i);
        }
        verdict.address6(false);
        a.jump("addressed");

        a.label("ip4");
        loadBytes(a, 0, HEADER, IP4_HEADER);
        a.load(Size.BYTE, 2, 10, HEADER);
        a.set(1, 0);
        a.jumpIf(2, When.DIFFERENT, IP4_WITHOUT_OPTIONS, "options");
        a.load(Size.BYTE, 1, 10, HEADER + 9);
        a.label("options");
        packet(a, verdict, "4", IP4_HEADER);
        a.load(Size.WORD, 4, 10, HEADER + 16);
        verdict.address4(false);

        a.label("addressed");
        a.load(Size.HALF, 8, 10, PORTS + 2);
        a.swap16(8);
        // What is neither is in no rule: another protocol, or a header that routes past the address.
        a.jumpIf(9, When.EQUAL, FilterMaps.OTHER, Verdict.REFUSED);
        verdict.ranges();
        new OwnSockets(a, maps, false).ownSocketOfPacket(PORTS);
        verdict.end();
        return a.code();
    }

    /**
     * From the protocol in register 1: the transport in register 9, the ports, and the group. The packets of a
     * connection that is made are let through before anything else is looked at.
     */
    private void packet(Assembler a, Verdict verdict, String family, int header) {
        String ports = "ports" + family;
        String group = "group" + family;
        String udp = "udp" + family;
        a.storeNumber(Size.WORD, 10, PORTS, 0);
        a.jumpIf(1, When.EQUAL, IPPROTO_UDP, udp);
        a.set(9, FilterMaps.OTHER);
        a.jumpIf(1, When.DIFFERENT, IPPROTO_TCP, group);
        loadBytes(a, header + TCP_FLAGS, FLAGS, 1);
        a.load(Size.BYTE, 1, 10, FLAGS);
        a.and(1, SYN_AND_ACK);
        a.jumpIf(1, When.DIFFERENT, SYN, Verdict.ALLOWED);
        a.set(9, FilterMaps.TCP);
        a.jump(ports);
        a.label(udp);
        a.set(9, FilterMaps.UDP);
        a.label(ports);
        loadBytes(a, header, PORTS, 4);
        a.label(group);
        a.copy(1, 6);
        a.call(Verdict.SKB_CGROUP_ID);
        verdict.group();
    }

    /** Bytes of the packet into the stack; one that has none there is dropped. */
    private static void loadBytes(Assembler a, int from, int to, int count) {
        a.copy(1, 6);
        a.set(2, from);
        a.stack(3, to);
        a.set(4, count);
        a.call(Verdict.SKB_LOAD_BYTES);
        a.jumpIfLong(0, When.DIFFERENT, 0, Verdict.UNKNOWN);
    }
}
