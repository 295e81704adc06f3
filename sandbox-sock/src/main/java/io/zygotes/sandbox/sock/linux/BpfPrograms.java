package io.zygotes.sandbox.sock.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Programs that the kernel runs in the sockets of a cgroup: bpf(2). */
public final class BpfPrograms {

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

    private static final int PROG_LOAD = 5;
    private static final int PROG_ATTACH = 8;

    /** Others may have programs above, below and beside this one, and all are run: since Linux 4.15. */
    private static final int BPF_F_ALLOW_MULTI = 2;
    /** LD_IMM64 with BPF_PSEUDO_MAP_FD as its source register. */
    private static final int LOAD_MAP = 0x1118;
    /** None of the functions that are called here is for programs under the GPL alone. */
    private static final String LICENSE = "Apache-2.0";

    private static final int LOG_SIZE = 1 << 20;

    private BpfPrograms() {}

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
            MemorySegment attributes = Bpf.attributes(arena);
            attributes.set(Native.INT, 0, hook.type.number);
            attributes.set(Native.INT, 4, code.instructions().length);
            attributes.set(Native.LONG, 8, instructions.address());
            attributes.set(Native.LONG, 16, arena.allocateFrom(LICENSE).address());
            attributes.setString(48, name);
            attributes.set(Native.INT, 68, hook.number);
            long loaded = Bpf.call(PROG_LOAD, attributes);
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
        long again = Bpf.call(PROG_LOAD, attributes);
        if (again >= 0) {
            Native.close((int) again);
        }
        List<String> lines = log.getString(0).lines().toList();
        return lines.isEmpty()
                ? ""
                : " (" + String.join("; ", lines.subList(Math.max(0, lines.size() - 6), lines.size())) + ")";
    }

    /**
     * Attaches a program to a version 2 cgroup and all below it. It stays until the cgroup is removed, whatever becomes
     * of this process.
     *
     * @param cgroup its folder
     */
    public static void attach(Descriptor program, Hook hook, String cgroup) throws IOException {
        try (Descriptor folder = FileIo.openToRead(cgroup);
                Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = Bpf.attributes(arena);
            attributes.set(Native.INT, 0, folder.enter());
            try {
                attributes.set(Native.INT, 4, program.enter());
                try {
                    attributes.set(Native.INT, 8, hook.number);
                    attributes.set(Native.INT, 12, BPF_F_ALLOW_MULTI);
                    Bpf.require("attach " + hook + " to " + cgroup, PROG_ATTACH, attributes);
                } finally {
                    program.release();
                }
            } finally {
                folder.release();
            }
        }
    }
}
