package io.zygotes.sandbox.sock.network;

import io.zygotes.sandbox.sock.linux.BpfMap;
import io.zygotes.sandbox.sock.linux.BpfMaps;
import io.zygotes.sandbox.sock.linux.BpfMaps.MapPlan;
import io.zygotes.sandbox.sock.linux.BpfMaps.MapType;
import io.zygotes.sandbox.sock.linux.BpfMaps.Storage;
import io.zygotes.sandbox.sock.linux.LinuxException;
import java.util.ArrayList;
import java.util.List;

/**
 * What the programs and this process share. Numbers are in the order of the machine unless said otherwise.
 *
 * @param groups by the id of a cgroup: its place in {@code places}. Who is not in it has no network
 * @param places by number: {@link #GROUP_SIZE} bytes, whose fields are below
 * @param versions by the number of a rule: the number under which its present ranges stand
 * @param ranges by {@link #PREFIX_LENGTH_SIZE} bytes of length, the number from {@code versions} and 16 bytes of
 *     address: the ports that are allowed, {@link #SPANS} times 8 bytes: first port, last port, transports, nothing
 * @param owners by socket: the id of the cgroup whose process made it
 * @param counts by account: how many refusals there were
 * @param refusals the last of them, {@link #REFUSAL_SIZE} bytes each
 */
record FilterMaps(
        BpfMap groups, BpfMap places, BpfMap versions, BpfMap ranges, BpfMap owners, BpfMap counts, BpfMap refusals)
        implements AutoCloseable {

    /** How many cgroups of sandboxes there may be. */
    static final int MOST_GROUPS = 1 << 16;
    /** How many rules there may be, the two below among them. */
    static final int MOST_RULES = 1 << 14;
    /** How many functions are counted by themselves. */
    static final int MOST_ACCOUNTS = 1 << 14;
    /** How many ranges all rules together may have. */
    static final int MOST_RANGES = 1 << 20;
    /** How many refusals are kept until somebody reads them. */
    static final int MOST_REFUSALS = 1 << 10;

    /** The rule of a group that nobody has: it has no network. */
    static final int NO_RULE = 0;
    /** The rule of those who may do everything. */
    static final int EVERYTHING = 1;

    // A group's entry.
    static final int GROUP_SIZE = 32;
    /** The number of the rule. Four bytes. */
    static final int GROUP_RULE = 0;
    /** Where its refusals are counted. Four bytes. */
    static final int GROUP_ACCOUNT = 4;
    /** When the present second of its refusals began, of the kernel's clock, in ns. Eight bytes. */
    static final int GROUP_SECOND = 8;
    /** How many refusals were told in it. Four bytes. */
    static final int GROUP_TOLD = 16;
    /** The number of its sandbox. Four bytes. */
    static final int GROUP_SANDBOX = 20;

    // The key of a range, struct bpf_lpm_trie_key.
    static final int RANGE_KEY_SIZE = 24;
    static final int PREFIX_LENGTH_SIZE = 4;
    static final int VERSION_BITS = 32;
    static final int ADDRESS_BITS = 128;

    // The value of a range.
    static final int SPANS = 16;
    static final int SPAN_SIZE = 8;
    static final int TCP = 1;
    static final int UDP = 2;
    /** What is neither. */
    static final int OTHER = 4;

    // A refusal: number of the sandbox, address, port, transport and operation.
    static final int REFUSAL_SIZE = 32;
    static final int REFUSAL_ADDRESS = 4;
    static final int REFUSAL_PORT = 20;
    static final int REFUSAL_TRANSPORT = 22;
    static final int REFUSAL_OPERATION = 23;

    /** Makes them all. */
    static FilterMaps make() throws LinuxException {
        List<BpfMap> made = new ArrayList<>();
        try {
            made.add(BpfMaps.make(new MapPlan("zy_groups", MapType.HASH, 8, 4, MOST_GROUPS, Storage.GROWING)));
            made.add(BpfMaps.make(new MapPlan("zy_places", MapType.ARRAY, 4, GROUP_SIZE, MOST_GROUPS, Storage.MAPPED)));
            made.add(BpfMaps.make(new MapPlan("zy_versions", MapType.ARRAY, 4, 4, MOST_RULES, Storage.WHOLE)));
            made.add(BpfMaps.make(new MapPlan(
                    "zy_ranges", MapType.LPM_TRIE, RANGE_KEY_SIZE, SPANS * SPAN_SIZE, MOST_RANGES, Storage.GROWING)));
            made.add(BpfMaps.make(new MapPlan("zy_owners", MapType.SOCKET_STORAGE, 4, 8, 0, Storage.GROWING)));
            made.add(BpfMaps.make(new MapPlan("zy_counts", MapType.ARRAY, 4, 8, MOST_ACCOUNTS, Storage.WHOLE)));
            made.add(BpfMaps.make(
                    new MapPlan("zy_refusals", MapType.QUEUE, 0, REFUSAL_SIZE, MOST_REFUSALS, Storage.WHOLE)));
            return new FilterMaps(
                    made.get(0), made.get(1), made.get(2), made.get(3), made.get(4), made.get(5), made.get(6));
        } catch (LinuxException e) {
            made.forEach(BpfMap::close);
            throw e;
        }
    }

    /** The programs keep what they use. */
    @Override
    public void close() {
        List.of(groups, places, versions, ranges, owners, counts, refusals).forEach(BpfMap::close);
    }
}
