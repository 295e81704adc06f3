package io.zygotes.sandbox.sock.linux;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.ClosedChannelException;

/** A map of {@link BpfMaps}. Safe for use by many threads. */
public final class BpfMap implements AutoCloseable {

    private static final int LOOKUP = 1;
    private static final int UPDATE = 2;
    private static final int DELETE = 3;
    private static final int LOOKUP_AND_DELETE = 21;
    /** Of union bpf_attr: number of the map, address of the key, address of the value, flags. */
    private static final int ATTRIBUTES = 32;
    /** Where in {@link Scratch#data} key and value are. */
    private static final int KEY_AT = 0, VALUE_AT = 256;

    private final BpfMaps.MapPlan plan;
    private final Descriptor map;

    BpfMap(BpfMaps.MapPlan plan, Descriptor map) {
        this.plan = plan;
        this.map = map;
    }

    /**
     * Its values as memory of this process; of an array alone, whose storage is {@link BpfMaps.Storage#MAPPED}, and
     * whose values have a multiple of eight bytes.
     */
    public BpfMemory memory() throws IOException {
        return BpfMemory.of(map, plan.name(), plan.entries(), plan.valueSize());
    }

    /** Begins a use of its number; ended by {@link #release}. */
    int enter() throws ClosedChannelException {
        return map.enter();
    }

    /** Ends what {@link #enter} began. */
    void release() {
        map.release();
    }

    /**
     * Sets the value of a key.
     *
     * @throws LinuxException if there is no room for one more
     */
    public void put(byte[] key, byte[] value) throws IOException {
        long result = run(UPDATE, key, value);
        if (result < 0) {
            throw Native.failure("bpf update of map " + plan.name(), result);
        }
    }

    /** The value of a key; null if there is none. */
    public byte[] get(byte[] key) throws IOException {
        return read(LOOKUP, key);
    }

    /** The first value of a queue, which is taken out; null if it is empty. */
    public byte[] poll() throws IOException {
        return read(LOOKUP_AND_DELETE, new byte[0]);
    }

    private byte[] read(int command, byte[] key) throws IOException {
        long result = run(command, key, new byte[0]);
        if (result == -Errno.ENOENT) {
            return null;
        }
        if (result < 0) {
            throw Native.failure("bpf lookup in map " + plan.name(), result);
        }
        return Scratch.get().data.asSlice(VALUE_AT, plan.valueSize()).toArray(ValueLayout.JAVA_BYTE);
    }

    /** Removes a key, if it is there. */
    public void remove(byte[] key) throws IOException {
        long result = run(DELETE, key, new byte[0]);
        if (result < 0 && result != -Errno.ENOENT) {
            throw Native.failure("bpf delete in map " + plan.name(), result);
        }
    }

    private long run(int command, byte[] key, byte[] value) throws IOException {
        int number = map.enter();
        try {
            Scratch s = Scratch.get();
            MemorySegment.copy(key, 0, s.data, ValueLayout.JAVA_BYTE, KEY_AT, key.length);
            MemorySegment.copy(value, 0, s.data, ValueLayout.JAVA_BYTE, VALUE_AT, value.length);
            s.small.fill((byte) 0);
            s.small.set(Native.INT, 0, number);
            s.small.set(Native.LONG, 8, key.length == 0 ? 0 : s.data.address() + KEY_AT);
            s.small.set(Native.LONG, 16, command == DELETE ? 0 : s.data.address() + VALUE_AT);
            return Bpf.call(command, s.small.asSlice(0, ATTRIBUTES));
        } finally {
            map.release();
        }
    }

    @Override
    public void close() {
        map.close();
    }
}
