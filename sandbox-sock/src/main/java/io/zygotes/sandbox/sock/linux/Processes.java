package io.zygotes.sandbox.sock.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Processes: starting, waiting for, and signalling them. */
public final class Processes {

    // The same number on every architecture since Linux 5.2 (asm-generic/unistd.h).
    private static final long SYS_PIDFD_SEND_SIGNAL = 424;
    private static final long SYS_PIDFD_OPEN = 434;
    /** posix_spawn_file_actions_t has 80 bytes in glibc. */
    private static final int ROOM_FOR_ACTIONS = 256;

    private static final CFunction KILL = CFunction.ofInt("kill");
    private static final CFunction WAITPID = CFunction.ofInt("waitpid");
    private static final CFunction SPAWN = CFunction.ofInt("posix_spawn");
    private static final CFunction ACTIONS_INIT = CFunction.ofInt("posix_spawn_file_actions_init");
    private static final CFunction ACTIONS_DUP2 = CFunction.ofInt("posix_spawn_file_actions_adddup2");
    private static final CFunction ACTIONS_DESTROY = CFunction.ofInt("posix_spawn_file_actions_destroy");

    private Processes() {}

    /**
     * Starts a program. It gets the given descriptors as 0, 1, 2, … and, as everything here is closed on exec, no
     * other of this process's own.
     *
     * @param command path and arguments
     * @param environment {@code NAME=value} each
     * @param descriptors what becomes its descriptors 0, 1, 2, …
     * @return its process id; {@link #waitFor} it
     */
    public static int spawn(List<String> command, List<String> environment, List<Descriptor> descriptors)
            throws IOException {
        List<Descriptor> entered = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment actions = arena.allocate(ROOM_FOR_ACTIONS, 8);
            MemorySegment pid = arena.allocate(Native.INT);
            List<Integer> numbers = new ArrayList<>();
            for (Descriptor descriptor : descriptors) {
                numbers.add(descriptor.enter());
                entered.add(descriptor);
            }
            MemorySegment path = arena.allocateFrom(command.getFirst());
            MemorySegment argv = strings(arena, command);
            MemorySegment envp = strings(arena, environment);
            // These functions return the error number instead of setting errno.
            long error = Native.once(s -> {
                long failed = ACTIONS_INIT.call(s, actions.address());
                for (int i = 0; failed == 0 && i < numbers.size(); i++) {
                    int number = numbers.get(i);
                    failed = ACTIONS_DUP2.call(s, actions.address(), number, i);
                }
                return failed == 0
                        ? SPAWN.call(
                                s, pid.address(), path.address(), actions.address(), 0, argv.address(), envp.address())
                        : failed;
            });
            Native.once(s -> ACTIONS_DESTROY.call(s, actions.address()));
            if (error != 0) {
                throw Native.failure("posix_spawn " + command.getFirst(), -error);
            }
            return pid.get(Native.INT, 0);
        } finally {
            entered.forEach(Descriptor::release);
        }
    }

    private static MemorySegment strings(Arena arena, List<String> texts) {
        MemorySegment array = arena.allocate(Native.POINTER, texts.size() + 1L);
        for (int i = 0; i < texts.size(); i++) {
            array.setAtIndex(Native.POINTER, i, arena.allocateFrom(texts.get(i)));
        }
        array.setAtIndex(Native.POINTER, texts.size(), MemorySegment.NULL);
        return array;
    }

    /** Waits for a child's end and lets the kernel forget it. */
    public static void waitFor(int pid) throws LinuxException {
        Native.require("waitpid " + pid, s -> WAITPID.call(s, pid, 0, 0));
    }

    /** Sends a signal; only to a child that was not waited for yet, so that its id cannot be another's. */
    public static void kill(int pid, Signal signal) throws LinuxException {
        int number = signal.number();
        Native.require("kill " + pid, s -> KILL.call(s, pid, number));
    }

    /**
     * A descriptor that means one process for ever, even after its id was given to another: pidfd_open(2), Linux 5.3.
     */
    public static Descriptor open(int pid) throws LinuxException {
        return new Descriptor(
                (int) Native.syscall("pidfd_open", Integer.toString(pid), SYS_PIDFD_OPEN, pid, 0, 0, 0, 0));
    }

    /**
     * Sends a signal to the process that a descriptor of {@link #open} means.
     *
     * @return false if it has ended already
     */
    public static boolean signal(Descriptor process, Signal signal) throws IOException {
        int number = process.enter();
        try {
            Native.syscall("pidfd_send_signal", signal.name(), SYS_PIDFD_SEND_SIGNAL, number, signal.number(), 0, 0, 0);
            return true;
        } catch (LinuxException e) {
            if (e.errno() == Errno.ESRCH) {
                return false;
            }
            throw e;
        } finally {
            process.release();
        }
    }
}
