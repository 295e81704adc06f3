package io.zygotes.launcher.cli;

/** The plugin tree, which an image may have been built without. */
final class OptionalTree {

    private static final String MODULE = "io.zygotes.plugin.tree";

    private OptionalTree() {}

    static boolean present() {
        return OptionalTree.class.getModule().getLayer() == null
                || OptionalTree.class.getModule().getLayer().findModule(MODULE).isPresent();
    }

    /** @throws Failure if it is not there */
    static void require() throws Failure {
        if (!present()) {
            throw new Failure("this image was built without the plugin tree, which this command needs;"
                    + " build one with -Dimage.plugins=tree,none");
        }
    }
}
