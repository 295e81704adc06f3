package io.zygotes.sandbox.sock.linux;

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

    private final int number;

    Signal(int number) {
        this.number = number;
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
