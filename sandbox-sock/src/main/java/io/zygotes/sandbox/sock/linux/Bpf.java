package io.zygotes.sandbox.sock.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Programs that the kernel runs, and the maps that they share with this process: bpf(2). Structures are those of
 * linux/bpf.h.
 */
public final class Bpf {

    /** Kinds of maps, enum bpf_map_type. */
    public enum MapType {
        /** Values by keys. */
        HASH(1),
        /** Values by numbers from 0 on; all are there from the start. */
        ARRAY(2),
        /** Values by the longest prefix of a key: struct bpf_lpm_trie_key. Since Linux 4.11. */
        LPM_TRIE(11),
        /** Values without keys, first in, first out. Since Linux 4.20. */
        QUEUE(22),
        /** Values that belong to sockets, and go with them. Since Linux 5.2. */
        SOCKET_STORAGE(24);

        private final int number;

        MapType(int number) {
            this.number = number;
        }
    }

    /** Where the entries of a map are. */
    public enum Storage {
        /** In memory that is taken at once. */
        WHOLE(0),
        /** In memory that is taken entry by entry: BPF_F_NO_PREALLOC. */
        GROWING(1),
        /** In memory that this process can have as its own, {@link BpfMemory}: BPF_F_MMAPABLE, since Linux 5.5. */
        MAPPED(1 << 10);

        private final int flags;

        Storage(int flags) {
            this.flags = flags;
        }
    }

    /** Kinds of programs, enum bpf_prog_type. */
    public enum ProgramType {
        /** Looks at packets of the sockets of a cgroup. */
        CGROUP_SKB(8),
        /** Looks at new sockets of a cgroup. */
        CGROUP_SOCKET(9),
        /** Looks at addresses that sockets of a cgroup are used with. */
        CGROUP_SOCKET_ADDRESS(18);

        private final int number;

        ProgramType(int number) {
            this.number = number;
        }
    }

    /** Where in a cgroup a program is run, enum bpf_attach_type. */
    public enum Hook {
        /** Each packet that goes out. */
        EGRESS(1, ProgramType.CGROUP_SKB),
        /** Each new socket of IPv4 and IPv6. */
        SOCKET_CREATE(2, ProgramType.CGROUP_SOCKET),
        /** bind(2) of IPv4. */
        BIND4(8, ProgramType.CGROUP_SOCKET_ADDRESS),
        /** bind(2) of IPv6. */
        BIND6(9, ProgramType.CGROUP_SOCKET_ADDRESS),
        /** connect(2) of IPv4, and what connects at the first message. */
        CONNECT4(10, ProgramType.CGROUP_SOCKET_ADDRESS),
        /** connect(2) of IPv6, and what connects at the first message. */
        CONNECT6(11, ProgramType.CGROUP_SOCKET_ADDRESS),
        /** sendmsg(2) and sendto(2) of UDP to an IPv4 address. */
        SENDMSG4(14, ProgramType.CGROUP_SOCKET_ADDRESS),
        /** sendmsg(2) and sendto(2) of UDP to an IPv6 address. */
        SENDMSG6(15, ProgramType.CGROUP_SOCKET_ADDRESS);

        private final int number;
        private final ProgramType type;

        Hook(int number, ProgramType type) {
            this.number = number;
            this.type = type;
        }
    }

    /**
     * A map to be made.
     *
     * @param name for bpftool(8), at most 15 letters
     * @param keySize bytes of a key; 0 for a queue
     * @param valueSize bytes of a value
     * @param entries how many it holds; 0 for storage of sockets
     * @param storage where they are
     */
    public record MapPlan(String name, MapType type, int keySize, int valueSize, int entries, Storage storage) {}

    /**
     * Code in which a map is meant by its place in a list.
     *
     * @param instructions struct bpf_insn, eight bytes each
     * @param maps what each pair of instructions with BPF_PSEUDO_MAP_FD means by its immediate value
     */
    public record Code(long[] instructions, List<BpfMap> maps) {

        /** Copies both. */
        public Code {
            instructions = instructions.clone();
            maps = List.copyOf(maps);
        }
    }

    private static final long SYS_BPF = System.getProperty("os.arch").equals("aarch64") ? 280 : 321;

    private static final int MAP_CREATE = 0;
    private static final int PROG_LOAD = 5;
    private static final int PROG_ATTACH = 8;
    private static final int BTF_LOAD = 18;
    /** Bytes of union bpf_attr that are used here; the kernel takes any length whose rest is zero. */
    private static final int ATTRIBUTES = 128;

    /** Others may have programs above, below and beside this one, and all are run: since Linux 4.15. */
    private static final int BPF_F_ALLOW_MULTI = 2;
    /** LD_IMM64 with BPF_PSEUDO_MAP_FD as its source register. */
    private static final int LOAD_MAP = 0x1118;
    /** None of the functions that are called here is for programs under the GPL alone. */
    private static final String LICENSE = "Apache-2.0";

    private static final int LOG_SIZE = 1 << 20;

    private Bpf() {}

    /** A call that may fail for reasons that are no error; negative then. */
    static long call(int command, MemorySegment attributes, int size) {
        return Native.syscallResult(SYS_BPF, command, attributes.address(), size, 0, 0);
    }

    private static int require(String what, int command, MemorySegment attributes) throws LinuxException {
        return (int) Native.syscall("bpf", what, SYS_BPF, command, attributes.address(), ATTRIBUTES, 0, 0);
    }

    /** Makes a map. It goes with its descriptor and the programs that use it. */
    public static BpfMap makeMap(MapPlan plan) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(ATTRIBUTES, 8);
            attributes.set(Native.INT, 0, plan.type().number);
            attributes.set(Native.INT, 4, plan.keySize());
            attributes.set(Native.INT, 8, plan.valueSize());
            attributes.set(Native.INT, 12, plan.entries());
            attributes.set(Native.INT, 16, plan.storage().flags);
            attributes.setString(28, plan.name());
            if (plan.type() != MapType.SOCKET_STORAGE) {
                return new BpfMap(plan, new Descriptor(require("map " + plan.name(), MAP_CREATE, attributes)));
            }
            // Such a map is made only for somebody who says of which types keys and values are.
            int types = typesOfStorage(arena);
            try (Descriptor _ = new Descriptor(types)) {
                attributes.set(Native.INT, 48, types);
                attributes.set(Native.INT, 52, 1);
                attributes.set(Native.INT, 56, 2);
                return new BpfMap(plan, new Descriptor(require("map " + plan.name(), MAP_CREATE, attributes)));
            }
        }
    }

    /** BTF with two types: number 1 is an int of 4 bytes, number 2 one of 8. */
    private static int typesOfStorage(Arena arena) throws LinuxException {
        byte[] names = {0, 'k', 0, 'v', 0};
        ByteBuffer btf = ByteBuffer.allocate(24 + 32 + names.length).order(ByteOrder.nativeOrder());
        // struct btf_header: magic, version, flags, its length; where types and names begin behind it, and their
        // lengths
        btf.putShort((short) 0xEB9F).put((byte) 1).put((byte) 0).putInt(24);
        btf.putInt(0).putInt(32).putInt(32).putInt(names.length);
        int kindInt = 1 << 24;
        btf.putInt(1).putInt(kindInt).putInt(4).putInt(32);
        btf.putInt(3).putInt(kindInt).putInt(8).putInt(64);
        btf.put(names);
        MemorySegment attributes = arena.allocate(ATTRIBUTES, 8);
        attributes.set(Native.LONG, 0, copy(arena, btf.array()).address());
        attributes.set(Native.INT, 16, btf.capacity());
        return require("types of a socket's storage", BTF_LOAD, attributes);
    }

    private static MemorySegment copy(Arena arena, byte[] bytes) {
        MemorySegment copy = arena.allocate(bytes.length, 8);
        MemorySegment.copy(bytes, 0, copy, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return copy;
    }

    /**
     * Has the kernel check a program and take it over. It goes with its descriptor, unless it is attached.
     *
     * @param name for bpftool(8), at most 15 letters
     * @throws LinuxException if the kernel refuses it; the message has the last of what its verifier said
     */
    public static Descriptor load(String name, Hook hook, Code code) throws IOException {
        List<BpfMap> used = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment instructions = arena.allocate(8L * code.instructions().length, 8);
            fill(instructions, code, used);
            MemorySegment attributes = arena.allocate(ATTRIBUTES, 8);
            attributes.set(Native.INT, 0, hook.type.number);
            attributes.set(Native.INT, 4, code.instructions().length);
            attributes.set(Native.LONG, 8, instructions.address());
            attributes.set(Native.LONG, 16, arena.allocateFrom(LICENSE).address());
            attributes.setString(48, name);
            attributes.set(Native.INT, 68, hook.number);
            long loaded = call(PROG_LOAD, attributes, ATTRIBUTES);
            if (loaded >= 0) {
                return new Descriptor((int) loaded);
            }
            throw Native.failure("bpf program " + name + complaint(arena, attributes), loaded);
        } finally {
            used.forEach(BpfMap::release);
        }
    }

    /** The numbers of the maps' descriptors in the code. */
    private static void fill(MemorySegment instructions, Code code, List<BpfMap> used) throws IOException {
        int[] numbers = new int[code.maps().size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = code.maps().get(i).enter();
            used.add(code.maps().get(i));
        }
        for (int i = 0; i < code.instructions().length; i++) {
            long instruction = code.instructions()[i];
            if ((instruction & 0xFFFF) == LOAD_MAP) {
                int number = numbers[(int) (instruction >>> 32)];
                instruction = (instruction & 0xFFFFFFFFL) | ((long) number << 32);
            }
            instructions.setAtIndex(Native.LONG, i, instruction);
        }
    }

    /** What the verifier says when it is asked once more, with room for its log. */
    private static String complaint(Arena arena, MemorySegment attributes) {
        MemorySegment log = arena.allocate(LOG_SIZE, 8);
        attributes.set(Native.INT, 24, 1);
        attributes.set(Native.INT, 28, LOG_SIZE);
        attributes.set(Native.LONG, 32, log.address());
        long again = call(PROG_LOAD, attributes, ATTRIBUTES);
        if (again >= 0) {
            Native.close((int) again);
        }
        List<String> lines = log.getString(0).lines().toList();
        return lines.isEmpty()
                ? ""
                : " (" + String.join("; ", lines.subList(Math.max(0, lines.size() - 6), lines.size())) + ")";
    }

    /**
     * Attaches a program to a version 2 cgroup and all below it. It stays until the cgroup is removed, whatever becomes of
     * this process.
     *
     * @param cgroup its folder
     */
    public static void attach(Descriptor program, Hook hook, String cgroup) throws IOException {
        try (Descriptor folder = FileIo.openToRead(cgroup);
                Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(ATTRIBUTES, 8);
            attributes.set(Native.INT, 0, folder.enter());
            try {
                attributes.set(Native.INT, 4, program.enter());
                try {
                    attributes.set(Native.INT, 8, hook.number);
                    attributes.set(Native.INT, 12, BPF_F_ALLOW_MULTI);
                    require("attach " + hook + " to " + cgroup, PROG_ATTACH, attributes);
                } finally {
                    program.release();
                }
            } finally {
                folder.release();
            }
        }
    }
}
