package io.zygotes.sandbox.sock.network;

import io.zygotes.sandbox.sock.linux.BpfMap;
import io.zygotes.sandbox.sock.network.Assembler.Size;
import io.zygotes.sandbox.sock.network.Assembler.When;

/**
 * What all programs have in common: from the group of a sandbox and an address to the answer. Register 6 is the
 * program's context, 7 the group's entry, 8 the port, 9 the transport, all through.
 */
final class Verdict {

    // enum bpf_func_id, with the version of Linux that has them in programs of cgroups
    private static final int MAP_LOOKUP_ELEM = 1;
    private static final int KTIME_GET_NS = 5;
    static final int SKB_LOAD_BYTES = 26;
    static final int SKB_CGROUP_ID = 79; // 4.20
    static final int GET_CURRENT_CGROUP_ID = 80; // 5.7
    private static final int MAP_PUSH_ELEM = 87;
    static final int SK_STORAGE_GET = 107; // 5.8

    /** The sandbox may. */
    static final String ALLOWED = "allowed";
    /** The rules refuse it. */
    static final String REFUSED = "refused";
    /** Nobody knows the group: it is refused, and there is nobody to tell. */
    static final String UNKNOWN = "unknown";

    // The stack.
    static final int CGROUP = -8;
    private static final int NUMBER = -12;
    static final int LOOPBACK = -16;
    static final int ADDRESS = -32;
    private static final int VERSION = -36;
    static final int KEY = -40;
    private static final int REFUSAL = -112;

    /** Kinds of loopback. */
    static final int LOOPBACK4 = 1, LOOPBACK6 = 2;

    // Parts of addresses as they are loaded on a machine whose lower bytes come first, which are all that there are.
    private static final int MAPPED = 0xFFFF0000;
    private static final int NAT64 = 0x9BFF6400;
    static final int LOCALHOST4 = 0x0100007F;
    static final int LAST_WORD_OF_LOCALHOST6 = 0x01000000;
    private static final int FIRST_BYTE = 0xFF, LOOPBACK_NET = 127;

    /** How many refusals of a sandbox are told in a second; all are counted. */
    private static final int TOLD_A_SECOND = 8;

    private static final int A_SECOND = 1_000_000_000;

    private final Assembler a;
    private final FilterMaps maps;
    private final Operation operation;
    private int addresses;

    Verdict(Assembler assembler, FilterMaps maps, Operation operation) {
        this.a = assembler;
        this.maps = maps;
        this.operation = operation;
    }

    private void lookup(BpfMap map, int key) {
        a.map(1, map);
        a.stack(2, key);
        a.call(MAP_LOOKUP_ELEM);
    }

    /** From the id of a cgroup in register 0: its entry. Who has no rules is let through. */
    void group() {
        a.store(Size.LONG, 10, CGROUP, 0);
        lookup(maps.groups(), CGROUP);
        a.jumpIfLong(0, When.EQUAL, 0, UNKNOWN);
        a.load(Size.WORD, 1, 0, 0);
        a.store(Size.WORD, 10, NUMBER, 1);
        lookup(maps.places(), NUMBER);
        a.jumpIfLong(0, When.EQUAL, 0, UNKNOWN);
        a.copy(7, 0);
        a.load(Size.WORD, 1, 7, FilterMaps.GROUP_RULE);
        a.jumpIf(1, When.EQUAL, FilterMaps.NO_RULE, UNKNOWN);
        a.jumpIf(1, When.EQUAL, FilterMaps.EVERYTHING, ALLOWED);
        a.store(Size.WORD, 10, NUMBER, 1);
    }

    /** There is no address. */
    void noAddress() {
        for (int i = 0; i < 4; i++) {
            a.storeNumber(Size.WORD, 10, ADDRESS + 4 * i, 0);
        }
    }

    /**
     * An address of IPv4, in register 4.
     *
     * @param bind whether it is to be bound to: then 0.0.0.0 means all addresses, and else the machine itself
     */
    void address4(boolean bind) {
        String other = "other" + addresses++;
        a.storeNumber(Size.WORD, 10, ADDRESS, 0);
        a.storeNumber(Size.WORD, 10, ADDRESS + 4, 0);
        a.storeNumber(Size.WORD, 10, ADDRESS + 8, MAPPED);
        a.store(Size.WORD, 10, ADDRESS + 12, 4);
        loopback4(bind, other);
        a.label(other);
    }

    private void loopback4(boolean bind, String other) {
        String here = "here" + addresses++;
        a.storeNumber(Size.WORD, 10, LOOPBACK, 0);
        if (!bind) {
            a.jumpIf(4, When.EQUAL, 0, here);
        }
        a.copy(1, 4);
        a.and(1, FIRST_BYTE);
        a.jumpIf(1, When.DIFFERENT, LOOPBACK_NET, other);
        a.label(here);
        a.storeNumber(Size.WORD, 10, LOOPBACK, LOOPBACK4);
    }

    /**
     * An address of IPv6, in registers 1 to 4. One that stands for an address of IPv4 (mapped, or of a translator's
     * well-known prefix, RFC 6052) counts as that.
     *
     * @param bind as for {@link #address4}
     */
    void address6(boolean bind) {
        String other = "other" + addresses++;
        String far = "far" + addresses++;
        String mapped = "mapped" + addresses++;
        for (int i = 0; i < 4; i++) {
            a.store(Size.WORD, 10, ADDRESS + 4 * i, 1 + i);
        }
        a.storeNumber(Size.WORD, 10, LOOPBACK, 0);
        a.jumpIf(2, When.DIFFERENT, 0, other);
        a.jumpIf(1, When.DIFFERENT, 0, far);
        a.jumpIf(3, When.EQUAL, MAPPED, mapped);
        a.jumpIf(3, When.DIFFERENT, 0, other);
        String here = "here" + addresses++;
        if (!bind) {
            a.jumpIf(4, When.EQUAL, 0, here);
        }
        a.jumpIf(4, When.DIFFERENT, LAST_WORD_OF_LOCALHOST6, other);
        a.label(here);
        a.storeNumber(Size.WORD, 10, LOOPBACK, LOOPBACK6);
        a.jump(other);

        a.label(far);
        a.jumpIf(1, When.DIFFERENT, NAT64, other);
        a.jumpIf(3, When.DIFFERENT, 0, other);
        a.storeNumber(Size.WORD, 10, ADDRESS, 0);
        a.storeNumber(Size.WORD, 10, ADDRESS + 8, MAPPED);
        a.jump(other);

        a.label(mapped);
        loopback4(bind, other);
        a.label(other);
    }

    /** Goes there if the address is one of loopback. */
    void jumpIfLoopback(String label) {
        a.load(Size.WORD, 1, 10, LOOPBACK);
        a.jumpIf(1, When.DIFFERENT, 0, label);
    }

    /** Looks the address up, and goes on if its ports are not among those that the rule has for it. */
    void ranges() {
        lookup(maps.versions(), NUMBER);
        a.jumpIfLong(0, When.EQUAL, 0, UNKNOWN);
        a.load(Size.WORD, 1, 0, 0);
        a.store(Size.WORD, 10, VERSION, 1);
        a.storeNumber(Size.WORD, 10, KEY, FilterMaps.VERSION_BITS + FilterMaps.ADDRESS_BITS);
        lookup(maps.ranges(), KEY);
        a.jumpIfLong(0, When.EQUAL, 0, "own");
        for (int i = 0; i < FilterMaps.SPANS; i++) {
            String next = "span" + (i + 1);
            int span = i * FilterMaps.SPAN_SIZE;
            a.load(Size.HALF, 3, 0, span + 4);
            a.jumpIf(3, When.EQUAL, 0, "own");
            a.load(Size.HALF, 1, 0, span);
            a.jumpIfRegister(8, When.BELOW, 1, next);
            a.load(Size.HALF, 1, 0, span + 2);
            a.jumpIfRegister(8, When.ABOVE, 1, next);
            a.andRegister(3, 9);
            a.jumpIf(3, When.DIFFERENT, 0, ALLOWED);
            a.label(next);
        }
        a.label("own");
    }

    /** The ends of the program. */
    void end() {
        a.label(REFUSED);
        a.load(Size.WORD, 1, 7, FilterMaps.GROUP_ACCOUNT);
        a.store(Size.WORD, 10, NUMBER, 1);
        lookup(maps.counts(), NUMBER);
        a.jumpIfLong(0, When.EQUAL, 0, "counted");
        a.set(1, 1);
        a.addAtomically(0, 0, 1);
        a.label("counted");
        tell();
        a.label(UNKNOWN);
        a.set(0, 0);
        a.exit();
        a.label(ALLOWED);
        a.set(0, 1);
        a.exit();
    }

    /** A few in each second: whoever is refused without end must not keep others from being heard. */
    private void tell() {
        a.call(KTIME_GET_NS);
        a.load(Size.LONG, 1, 7, FilterMaps.GROUP_SECOND);
        a.copy(2, 0);
        a.minus(2, 1);
        a.set(1, A_SECOND);
        a.jumpIfLongBelow(2, 1, "same-second");
        a.store(Size.LONG, 7, FilterMaps.GROUP_SECOND, 0);
        a.storeNumber(Size.WORD, 7, FilterMaps.GROUP_TOLD, 0);
        a.label("same-second");
        a.load(Size.WORD, 1, 7, FilterMaps.GROUP_TOLD);
        a.jumpIf(1, When.ABOVE, TOLD_A_SECOND - 1, UNKNOWN);
        a.plus(1, 1);
        a.store(Size.WORD, 7, FilterMaps.GROUP_TOLD, 1);

        a.storeNumber(Size.LONG, 10, REFUSAL + 24, 0);
        a.load(Size.WORD, 1, 7, FilterMaps.GROUP_SANDBOX);
        a.store(Size.WORD, 10, REFUSAL, 1);
        for (int i = 0; i < 4; i++) {
            a.load(Size.WORD, 1, 10, ADDRESS + 4 * i);
            a.store(Size.WORD, 10, REFUSAL + FilterMaps.REFUSAL_ADDRESS + 4 * i, 1);
        }
        a.store(Size.HALF, 10, REFUSAL + FilterMaps.REFUSAL_PORT, 8);
        a.store(Size.BYTE, 10, REFUSAL + FilterMaps.REFUSAL_TRANSPORT, 9);
        a.storeNumber(Size.BYTE, 10, REFUSAL + FilterMaps.REFUSAL_OPERATION, operation.ordinal());
        a.map(1, maps.refusals());
        a.stack(2, REFUSAL);
        a.set(3, 0);
        a.call(MAP_PUSH_ELEM);
    }
}
