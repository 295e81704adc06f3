package io.zygotes.launcher.console;

import java.util.logging.LogManager;

/**
 * How long this process can log. No log manager itself: Java would make its own one before this class could say a word.
 */
public final class Logs {

    private static final String MANAGER = "java.util.logging.manager";

    private static volatile boolean open;

    private Logs() {}

    /**
     * Has Java use {@link LastingLogManager}, unless somebody chose another one. No effect once anything was logged.
     */
    public static void install() {
        if (System.getProperty(MANAGER) == null) {
            System.setProperty(MANAGER, LastingLogManager.class.getName());
        }
    }

    /** From now on the logs stay open, whatever happens to the process, until {@link #close}. */
    public static void keepOpen() {
        open = true;
    }

    /** They need not stay open any more: the end of the process closes them. */
    public static void letGo() {
        open = false;
    }

    /** Closes them now: what a shutdown hook does last. */
    public static void close() {
        open = false;
        LogManager.getLogManager().reset();
    }

    static boolean stayOpen() {
        return open;
    }
}
