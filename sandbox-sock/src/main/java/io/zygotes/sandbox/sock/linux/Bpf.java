package io.zygotes.sandbox.sock.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The system call bpf(2). Structures, here and where it is used, are those of linux/bpf.h. */
final class Bpf {

    private static final long SYS_BPF = System.getProperty("os.arch").equals("aarch64") ? 280 : 321;
    /** Bytes of union bpf_attr that are used here; the kernel takes any length whose rest is zero. */
    private static final int ATTRIBUTES = 128;

    private Bpf() {}

    /** What a call is told: union bpf_attr, all zero. */
    static MemorySegment attributes(Arena arena) {
        return arena.allocate(ATTRIBUTES, 8);
    }

    /** A call that may fail for reasons that are no error; negative then. */
    static long call(int command, MemorySegment attributes) {
        return Native.syscallResult(SYS_BPF, command, attributes.address(), attributes.byteSize(), 0, 0);
    }

    /** A call that must not fail. */
    static int require(String what, int command, MemorySegment attributes) throws LinuxException {
        return (int) Native.syscall("bpf", what, SYS_BPF, command, attributes.address(), attributes.byteSize(), 0, 0);
    }
}
