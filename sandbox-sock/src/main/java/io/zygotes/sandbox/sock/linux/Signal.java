package io.zygotes.sandbox.sock.linux;

import java.util.List;

/** The signals of signal(7) that are sent here. */
public enum Signal {
    /** Ends a process, whatever it does. */
    KILL(9),
    /** Lets a stopped process go on; otherwise it means nothing by itself. */
    CONTINUE(18),
    /** Stops a process. */
    STOP(19);

    /** The exit status of a process that a signal ended is this and the number of the signal, as shells count. */
    public static final int FIRST_STATUS = 128;

    /** Their names by number, from 1, on x86-64 and aarch64. */
    private static final List<String> NAMES = List.of(
            "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
            "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
            "WINCH", "IO", "PWR", "SYS");

    private final int number;

    Signal(int number) {
        this.number = number;
    }

    /** A signal in words, such as {@code signal 11 (SIGSEGV)}; one of real time has a number alone. */
    public static String described(int number) {
        return "signal " + number
                + (number >= 1 && number <= NAMES.size() ? " (SIG" + NAMES.get(number - 1) + ")" : "");
    }

    /** Its number on x86-64 and aarch64. */
    public int number() {
        return number;
    }

    /** The exit status of a process that it ended. */
    public int exitStatus() {
        return FIRST_STATUS + number;
    }
}
