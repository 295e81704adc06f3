package io.zygotes.launcher.plugins;

import java.nio.file.Path;

/** Ends the loading of one plugin. Whoever loads plugins reports it and goes on with the next one. */
final class BrokenPluginException extends Exception {

    private static final long serialVersionUID = 1L;
    private final transient BrokenPlugin plugin;

    /**
     * @param origin the plugin's jar or folder
     * @param cause what is wrong with it
     * @param mend what to do about it
     */
    BrokenPluginException(Path origin, String cause, String mend) {
        super(cause);
        this.plugin = new BrokenPlugin(origin.toString(), cause, mend);
    }

    /** The same as a line of the answer. */
    BrokenPlugin plugin() {
        return plugin;
    }
}
