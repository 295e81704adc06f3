package io.zygotes.core;

import io.zygotes.core.packages.FurtherModules;
import io.zygotes.core.pool.ZygoteModules;
import io.zygotes.core.registry.SourceImports;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.ModuleFindings;
import io.zygotes.spi.ZygoteSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Tells the pool what is known of modules, and brings together who knows it: the source of lambdas, leaves, zygotes.
 */
final class ModulesOfZygotes implements ZygoteModules {

    /** Versions of lambdas whose source was read. */
    private static final int MOST_READ = 10_000;

    private final FurtherModules known;
    /** By the folder of the version, which never changes. */
    private final Map<Path, Set<String>> read = new ConcurrentHashMap<>();

    /** @param known which modules zygotes import */
    ModulesOfZygotes(FurtherModules known) {
        this.known = known;
    }

    @Override
    public ZygoteSpec whole(ZygoteSpec spec) {
        return new ZygoteSpec(spec.packages(), spec.limits(), known.of(spec.packages(), spec.modules()));
    }

    @Override
    public void learn(ZygoteSpec spec, ModuleFindings findings) {
        known.learn(spec.packages(), findings);
    }

    @Override
    public Set<String> imports(LeafSpec spec) {
        Set<String> imports = read.get(spec.handler());
        return imports != null ? imports : look(spec);
    }

    private Set<String> look(LeafSpec spec) {
        if (read.size() >= MOST_READ) {
            read.clear();
        }
        SourceImports source = SourceImports.of(spec.handler());
        List<String> all = new ArrayList<>(source.modules());
        all.addAll(known.partsOf(spec.packages(), source.perhaps()));
        known.need(spec.lambda(), spec.packages(), all);
        read.put(spec.handler(), source.modules());
        return source.modules();
    }

    @Override
    public void loaded(LeafSpec spec, List<String> modules) {
        known.need(spec.lambda(), spec.packages(), modules);
    }
}
