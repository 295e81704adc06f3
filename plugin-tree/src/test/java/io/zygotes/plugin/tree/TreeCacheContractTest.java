package io.zygotes.plugin.tree;

import io.zygotes.plugin.tree.model.TreeWriter;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.testkit.FakePackages;
import io.zygotes.spi.testkit.ImportCacheContract;
import java.util.Optional;
import java.util.Random;

final class TreeCacheContractTest extends ImportCacheContract {

    @Override
    protected ImportCacheProvider provider() {
        return new TreeProvider();
    }

    @Override
    protected Optional<Object> importCacheTree(FakePackages packages) {
        return Optional.of(
                TreeWriter.json(RandomTrees.of(new Random(packages.names().size()), packages)));
    }
}
