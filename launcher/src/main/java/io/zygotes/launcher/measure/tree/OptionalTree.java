package io.zygotes.launcher.measure.tree;

import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.tree.TreePlugin;
import io.zygotes.spi.CacheShape;

/** The tools for trees, where the plugin tree is there. */
public final class OptionalTree {

    private OptionalTree() {}

    /**
     * The tools.
     *
     * @throws Failure if the image was built without the plugin
     */
    public static TreeTools tools() throws Failure {
        if (!TreePlugin.present()) {
            throw new Failure("this image was built without the plugin tree, which this command needs;"
                    + " build one with -Dimage.plugins=tree,none");
        }
        return new TreeTools();
    }

    /** A running cache's shape as text; empty without the plugin. */
    public static String draw(CacheShape shape) {
        return TreePlugin.present() ? new TreeTools().draw(shape) : "";
    }
}
