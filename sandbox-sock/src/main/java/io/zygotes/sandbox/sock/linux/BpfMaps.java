package io.zygotes.sandbox.sock.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Makes maps that programs of the kernel share with this process: bpf(2). */
public final class BpfMaps {

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

    private static final int MAP_CREATE = 0;
    private static final int BTF_LOAD = 18;

    private BpfMaps() {}

    /** Makes a map. It goes with its descriptor and the programs that use it. */
    public static BpfMap make(MapPlan plan) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = Bpf.attributes(arena);
            attributes.set(Native.INT, 0, plan.type().number);
            attributes.set(Native.INT, 4, plan.keySize());
            attributes.set(Native.INT, 8, plan.valueSize());
            attributes.set(Native.INT, 12, plan.entries());
            attributes.set(Native.INT, 16, plan.storage().flags);
            attributes.setString(28, plan.name());
            if (plan.type() != MapType.SOCKET_STORAGE) {
                return new BpfMap(plan, new Descriptor(Bpf.require("map " + plan.name(), MAP_CREATE, attributes)));
            }
            // Such a map is made only for somebody who says of which types keys and values are.
            int types = typesOfStorage(arena);
            try (Descriptor _ = new Descriptor(types)) {
                attributes.set(Native.INT, 48, types);
                attributes.set(Native.INT, 52, 1);
                attributes.set(Native.INT, 56, 2);
                return new BpfMap(plan, new Descriptor(Bpf.require("map " + plan.name(), MAP_CREATE, attributes)));
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
        MemorySegment attributes = Bpf.attributes(arena);
        attributes.set(Native.LONG, 0, copy(arena, btf.array()).address());
        attributes.set(Native.INT, 16, btf.capacity());
        return Bpf.require("types of a socket's storage", BTF_LOAD, attributes);
    }

    private static MemorySegment copy(Arena arena, byte[] bytes) {
        MemorySegment copy = arena.allocate(bytes.length, 8);
        MemorySegment.copy(bytes, 0, copy, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return copy;
    }
}
