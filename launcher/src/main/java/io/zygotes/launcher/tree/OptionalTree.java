package io.zygotes.launcher.tree;

import io.zygotes.spi.CacheShape;
import java.nio.charset.StandardCharsets;

/** Whether the plugin tree is there, and what is done where it is not. */
public final class OptionalTree {

    private static final String MODULE = "io.zygotes.plugin.tree";
    /** For a worker directory: a root, and nothing imported ahead. */
    private static final String ROOT_ONLY = "{\"packages\": [], \"children\": []}\n";

    private OptionalTree() {}

    /**
     * The tools.
     *
     * @throws TreeFailure if the image was built without the plugin
     */
    public static TreeTools tools() throws TreeFailure {
        if (!present()) {
            throw new TreeFailure("this image was built without the plugin tree, which this command needs;"
                    + " build one with -Dimage.plugins=tree,none");
        }
        return new TreeTools();
    }

    /** The content of {@code default-zygotes-40.json} for a new worker directory. */
    public static byte[] defaultTree() {
        return (present() ? new TreeTools().bundled() : ROOT_ONLY).getBytes(StandardCharsets.UTF_8);
    }

    /** A running cache's shape as text; empty without the plugin. */
    public static String draw(CacheShape shape) {
        return present() ? new TreeTools().draw(shape) : "";
    }

    private static boolean present() {
        ModuleLayer layer = OptionalTree.class.getModule().getLayer();
        return layer != null && layer.findModule(MODULE).isPresent();
    }
}
