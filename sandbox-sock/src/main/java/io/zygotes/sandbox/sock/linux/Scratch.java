package io.zygotes.sandbox.sock.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Memory that each thread keeps for its calls, so that no call allocates. */
final class Scratch {

    /** Bytes of {@link #data}: what one call reads or sends at most. */
    static final int DATA_SIZE = 1 << 16;
    /** Bytes of {@link #control}: room for SCM_MAX_FD (253) descriptors and one struct ucred. */
    static final int CONTROL_SIZE = 1088;

    private static final ThreadLocal<Scratch> OF_THREAD = ThreadLocal.withInitial(Scratch::new);

    /** Where a call leaves its errno. */
    final MemorySegment state;
    /** For paths and for what is read or written. */
    final MemorySegment data;
    /** For control messages, cmsg(3). */
    final MemorySegment control;
    /** For small structures, 64 bytes. */
    final MemorySegment small;

    private final MemorySegment vector;
    private final MemorySegment header;

    private Scratch() {
        Arena arena = Arena.ofAuto();
        state = arena.allocate(CFunction.STATE);
        data = arena.allocate(DATA_SIZE, 8);
        control = arena.allocate(CONTROL_SIZE, 8);
        small = arena.allocate(64, 8);
        vector = arena.allocate(16, 8);
        header = arena.allocate(56, 8);
        // Of struct msghdr what is the same for all messages: no name, one buffer, room for control messages.
        header.set(Native.POINTER, 16, vector);
        header.set(Native.LONG, 24, 1);
        header.set(Native.POINTER, 32, control);
    }

    /** That of the calling thread. */
    static Scratch get() {
        return OF_THREAD.get();
    }

    /** The path in {@link #data}. */
    MemorySegment path(String path) {
        data.setString(0, path);
        return data;
    }

    /** Fills in struct msghdr for one buffer. */
    MemorySegment message(MemorySegment buffer, long length, long controlLength) {
        vector.set(Native.POINTER, 0, buffer);
        vector.set(Native.LONG, 8, length);
        header.set(Native.LONG, 40, controlLength);
        return header;
    }

    /** How many bytes of control messages the last message that came had. */
    long controlLength() {
        return header.get(Native.LONG, 40);
    }
}
