package io.zygotes.launcher.plugins;

import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleReader;
import java.lang.module.ModuleReference;

/** A jar with another descriptor than its own. */
final class RewrittenModule extends ModuleReference {

    private final ModuleReference jar;

    /**
     * @param descriptor what counts
     * @param jar where the content is
     */
    RewrittenModule(ModuleDescriptor descriptor, ModuleReference jar) {
        super(descriptor, jar.location().orElseThrow());
        this.jar = jar;
    }

    @Override
    public ModuleReader open() throws IOException {
        return jar.open();
    }
}
