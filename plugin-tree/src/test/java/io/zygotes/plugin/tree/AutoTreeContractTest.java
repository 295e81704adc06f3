package io.zygotes.plugin.tree;

import io.zygotes.plugin.tree.model.TreeReader;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.testkit.FakePackages;
import io.zygotes.spi.testkit.ImportCacheContract;
import java.util.Map;
import java.util.Optional;

/** The contract holds while trees are fitted in the background. */
final class AutoTreeContractTest extends ImportCacheContract {

    @Override
    protected ImportCacheProvider provider() {
        return new TreeProvider();
    }

    @Override
    protected Map<String, Object> options() {
        return Map.of("refit_seconds", 1, "refit_gain_percent", 0);
    }

    @Override
    protected Optional<Object> importCacheTree(FakePackages packages) {
        return Optional.of(TreeReader.AUTO);
    }
}
