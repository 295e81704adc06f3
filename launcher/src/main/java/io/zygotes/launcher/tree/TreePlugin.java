package io.zygotes.launcher.tree;

import io.zygotes.plugin.tree.model.TreeReader;
import java.nio.charset.StandardCharsets;

/** Whether the plugin tree is in this image, and the tree that a new worker directory gets. */
public final class TreePlugin {

    private static final String MODULE = "io.zygotes.plugin.tree";
    /** A root, and nothing imported ahead. */
    private static final String ROOT_ONLY = "{\"packages\": [], \"children\": []}\n";

    private TreePlugin() {}

    /** Whether the plugin's classes are there. Without them none may be named by code that runs. */
    public static boolean present() {
        ModuleLayer layer = TreePlugin.class.getModule().getLayer();
        return layer != null && layer.findModule(MODULE).isPresent();
    }

    /** The content of {@code default-zygotes-40.json} for a new worker directory. */
    public static byte[] defaultTree() {
        // Java looks for a class when the line that names it runs for the first time, so this one may name the
        // plugin's.
        return (present() ? TreeReader.bundledText() : ROOT_ONLY).getBytes(StandardCharsets.UTF_8);
    }
}
