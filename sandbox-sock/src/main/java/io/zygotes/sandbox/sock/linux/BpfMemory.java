package io.zygotes.sandbox.sock.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * The values of an array of {@link BpfMaps} as memory of this process: to change one takes no system call. A number of
 * four bytes is seen by programs as it was or as it is, and not before what was written before it. Safe for use by many
 * threads; but nobody may use it while it is closed.
 */
public final class BpfMemory implements AutoCloseable {

    private static final CFunction MMAP = CFunction.ofLong("mmap");
    private static final CFunction MUNMAP = CFunction.ofInt("munmap");
    private static final VarHandle WORD = Native.INT.varHandle();

    private static final int PROT_READ_AND_WRITE = 3, MAP_SHARED = 1;

    private final Arena arena;
    private final MemorySegment values;
    private final int valueSize;

    private BpfMemory(Arena arena, MemorySegment values, int valueSize) {
        this.arena = arena;
        this.values = values;
        this.valueSize = valueSize;
    }

    @SuppressWarnings("restricted") // the kernel says where the memory is
    static BpfMemory of(Descriptor map, String name, int entries, int valueSize) throws IOException {
        long size = (long) entries * valueSize;
        long address = Native.require(
                "mmap of bpf map " + name,
                map,
                (s, number) -> MMAP.call(s, 0, size, PROT_READ_AND_WRITE, MAP_SHARED, number, 0));
        Arena arena = Arena.ofShared();
        MemorySegment values = MemorySegment.ofAddress(address).reinterpret(size, arena, BpfMemory::unmap);
        return new BpfMemory(arena, values, valueSize);
    }

    private static void unmap(MemorySegment values) {
        long address = values.address();
        long size = values.byteSize();
        Native.once(s -> MUNMAP.call(s, address, size));
    }

    /**
     * Sets a part of a value.
     *
     * @param index of the value
     * @param offset in the value, a multiple of four
     */
    public void put(int index, int offset, int number) {
        WORD.setRelease(values, (long) index * valueSize + offset, number);
    }

    /** Gives the memory back; the map stays. */
    @Override
    public void close() {
        arena.close();
    }
}
