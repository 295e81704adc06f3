package io.zygotes.sandbox.sock.network;

import io.zygotes.sandbox.sock.linux.BpfMap;
import io.zygotes.sandbox.sock.linux.BpfPrograms;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes code for the kernel's virtual machine, instruction by instruction: Documentation/bpf/standardization in the
 * kernel's sources. Registers are numbers from 0 to 10: 0 is what a call returns, 1 to 5 are its arguments and lost
 * after it, 6 to 9 are kept, 10 is the end of the stack.
 */
final class Assembler {

    /** How many bytes a load or store moves. */
    enum Size {
        /** One. */
        BYTE(0x10),
        /** Two. */
        HALF(0x08),
        /** Four. */
        WORD(0x00),
        /** Eight. */
        LONG(0x18);

        private final int bits;

        Size(int bits) {
            this.bits = bits;
        }
    }

    /** When a jump is taken. Comparisons are of unsigned numbers of 32 bits. */
    enum When {
        /** The same. */
        EQUAL(0x10),
        /** Not the same. */
        DIFFERENT(0x50),
        /** Greater. */
        ABOVE(0x20),
        /** Less. */
        BELOW(0xa0);

        private final int bits;

        When(int bits) {
            this.bits = bits;
        }
    }

    private static final int JUMP32 = 0x06;
    private static final int JUMP64 = 0x05;
    private static final int BY_REGISTER = 0x08;
    private static final int MEMORY = 0x60;

    private final List<Long> code = new ArrayList<>();
    private final Map<String, Integer> labels = new HashMap<>();
    private final Map<Integer, String> jumps = new HashMap<>();
    private final List<BpfMap> maps = new ArrayList<>();

    private void add(int operation, int to, int from, int offset, int immediate) {
        code.add((operation & 0xFFL)
                | (long) to << 8
                | (long) from << 12
                | (offset & 0xFFFFL) << 16
                | (long) immediate << 32);
    }

    /** Sets a register to another one. */
    void copy(int to, int from) {
        add(0xbf, to, from, 0, 0);
    }

    /** Sets a register to a number. */
    void set(int to, int number) {
        add(0xb7, to, 0, 0, number);
    }

    /** Adds a number to a register. */
    void plus(int to, int number) {
        add(0x07, to, 0, 0, number);
    }

    /** Takes another register from a register. */
    void minus(int to, int from) {
        add(0x1f, to, from, 0, 0);
    }

    /** Keeps the bits of a register that a number has. */
    void and(int to, int number) {
        add(0x57, to, 0, 0, number);
    }

    /** Keeps the bits of a register that another one has. */
    void andRegister(int to, int from) {
        add(0x5f, to, from, 0, 0);
    }

    /** Turns the lower 16 bits of a register from the order of the network into that of the machine, or back. */
    void swap16(int to) {
        add(0xdc, to, 0, 0, 16);
    }

    /** Loads from memory. */
    void load(Size size, int to, int from, int offset) {
        add(0x01 | MEMORY | size.bits, to, from, offset, 0);
    }

    /** Stores a register. */
    void store(Size size, int to, int offset, int from) {
        add(0x03 | MEMORY | size.bits, to, from, offset, 0);
    }

    /** Stores a number. */
    void storeNumber(Size size, int to, int offset, int number) {
        add(0x02 | MEMORY | size.bits, to, 0, offset, number);
    }

    /** Adds a register to eight bytes of memory, at once for all processors. */
    void addAtomically(int to, int offset, int from) {
        add(0xdb, to, from, offset, 0);
    }

    /** Puts the address of stack memory into a register. */
    void stack(int to, int offset) {
        copy(to, 10);
        plus(to, offset);
    }

    /** Puts a map into a register, for a call. */
    void map(int to, BpfMap map) {
        int place = maps.indexOf(map);
        if (place < 0) {
            place = maps.size();
            maps.add(map);
        }
        add(0x18, to, 1, 0, place);
        code.add(0L);
    }

    /** Calls a function of the kernel, by its number in enum bpf_func_id. */
    void call(int function) {
        add(0x85, 0, 0, 0, function);
    }

    /** Here is a place that is jumped to, always forward. */
    void label(String name) {
        if (labels.put(name, code.size()) != null) {
            throw new IllegalStateException("there are two places '" + name + "'");
        }
    }

    /** Jumps. */
    void jump(String label) {
        jumps.put(code.size(), label);
        add(JUMP64, 0, 0, 0, 0);
    }

    /** Jumps if a register compares so to a number. */
    void jumpIf(int register, When when, int number, String label) {
        jumps.put(code.size(), label);
        add(JUMP32 | when.bits, register, 0, 0, number);
    }

    /** Jumps if a register compares so to another one. */
    void jumpIfRegister(int register, When when, int other, String label) {
        jumps.put(code.size(), label);
        add(JUMP32 | BY_REGISTER | when.bits, register, other, 0, 0);
    }

    /** Jumps if all 64 bits of a register, an address for example, compare so to a number. */
    void jumpIfLong(int register, When when, int number, String label) {
        jumps.put(code.size(), label);
        add(JUMP64 | when.bits, register, 0, 0, number);
    }

    /** Jumps if all 64 bits of a register are not those of another one. */
    void jumpIfLongsDiffer(int register, int other, String label) {
        jumps.put(code.size(), label);
        add(JUMP64 | BY_REGISTER | When.DIFFERENT.bits, register, other, 0, 0);
    }

    /** Jumps if all 64 bits of a register are a smaller number than those of another one. */
    void jumpIfLongBelow(int register, int other, String label) {
        jumps.put(code.size(), label);
        add(JUMP64 | BY_REGISTER | When.BELOW.bits, register, other, 0, 0);
    }

    /** Ends the program with what register 0 holds. */
    void exit() {
        add(0x95, 0, 0, 0, 0);
    }

    /** The code so far. */
    BpfPrograms.Code code() {
        long[] all = code.stream().mapToLong(Long::longValue).toArray();
        jumps.forEach((at, label) -> {
            Integer place = labels.get(label);
            if (place == null) {
                throw new IllegalStateException("there is no place '" + label + "'");
            }
            all[at] |= (place - at - 1 & 0xFFFFL) << 16;
        });
        return new BpfPrograms.Code(all, maps);
    }
}
