package io.zygotes.sandbox.sock.linux;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * A function of the C library that takes at most six numbers or addresses, and returns a number. Safe for use by many
 * threads.
 *
 * <p>All of them are called in one way: with six numbers of 64 bits, of which a function looks at those that it has, and
 * at the lower half of those that are an {@code int} to it. The calling conventions of x86-64 and AArch64 put each into
 * a register of its own, also for functions such as open(2) that take more or fewer. Java makes code for each way of calling, some ten classes each time, and nothing keeps them
 * from one start to the next: with one way instead of twenty a worker starts 0.1 s sooner.
 */
final class CFunction {

    /** Where a call leaves its {@code errno}. */
    static final MemoryLayout STATE = Linker.Option.captureStateLayout();

    private static final FunctionDescriptor SIX_NUMBERS = FunctionDescriptor.of(
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG);

    @SuppressWarnings("restricted") // native access is what this package is for; the launcher grants it to this module
    private static final MethodHandle CALL =
            Linker.nativeLinker().downcallHandle(SIX_NUMBERS, Linker.Option.captureCallState("errno"));

    private final MemorySegment address;
    private final boolean wide;

    private CFunction(String name, boolean wide) {
        address = Linker.nativeLinker().defaultLookup().findOrThrow(name);
        this.wide = wide;
    }

    /** One that returns an {@code int}. */
    static CFunction ofInt(String name) {
        return new CFunction(name, false);
    }

    /** One that returns a {@code long}, a {@code ssize_t} or an address. */
    static CFunction ofLong(String name) {
        return new CFunction(name, true);
    }

    /** Calls it. Whoever hands over an address holds the memory until this returns. */
    long call(Scratch s, long a) {
        return call(s, a, 0, 0, 0, 0, 0);
    }

    /** As {@link #call(Scratch, long)}. */
    long call(Scratch s, long a, long b) {
        return call(s, a, b, 0, 0, 0, 0);
    }

    /** As {@link #call(Scratch, long)}. */
    long call(Scratch s, long a, long b, long c) {
        return call(s, a, b, c, 0, 0, 0);
    }

    /** As {@link #call(Scratch, long)}. */
    long call(Scratch s, long a, long b, long c, long d) {
        return call(s, a, b, c, d, 0, 0);
    }

    /** As {@link #call(Scratch, long)}. */
    long call(Scratch s, long a, long b, long c, long d, long e) {
        return call(s, a, b, c, d, e, 0);
    }

    /** As {@link #call(Scratch, long)}. */
    long call(Scratch s, long a, long b, long c, long d, long e, long f) {
        try {
            long result = (long) CALL.invokeExact(address, s.state, a, b, c, d, e, f);
            // Of the register in which an int is returned the upper half means nothing.
            return wide ? result : (int) result;
        } catch (Error e1) {
            throw e1;
        } catch (Throwable e1) {
            throw new IllegalStateException("a native call threw", e1); // method handles declare Throwable
        }
    }
}
