package io.zygotes.core.function;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.ImportCost;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.Packages;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MissingPinsTest {

    private static final PackageId PANDAS = PackageId.parse("pandas==2.2.3");
    private static final PackageId UVICORN = PackageId.parse("uvicorn==0.30.0");

    private static final Map<PackageId, PackageInfo> INSTALLED = Map.of(
            PANDAS, info(PANDAS, List.of("numpy", "python-dateutil"), "pandas"),
            UVICORN, info(UVICORN, List.of("click"), "uvicorn"));

    private static PackageInfo info(PackageId id, List<String> needs, String module) {
        return new PackageInfo(id, needs, List.of(module), Path.of("/packages"), 1);
    }

    private static final Packages PACKAGES = new Packages() {
        @Override
        public PackageInfo install(PackageId id) {
            throw new AssertionError("nothing is installed for an error");
        }

        @Override
        public Optional<PackageInfo> installed(PackageId id) {
            return Optional.ofNullable(INSTALLED.get(id));
        }

        @Override
        public List<PackageInfo> closure(PackageId id, Set<PackageId> pins) {
            throw new AssertionError("nothing is installed for an error");
        }

        @Override
        public Optional<ImportCost> cost(PackageId id) {
            return Optional.empty();
        }

        @Override
        public Collection<PackageInfo> all() {
            return INSTALLED.values();
        }
    };

    private static String told(String error, PackageId... pins) {
        return MissingPins.told(error, Set.of(pins), PACKAGES).orElse("");
    }

    @Test
    void aPinnedPackageThatNeedsTheModuleIsNamed() {
        assertEquals(
                "The module dateutil comes with the package python-dateutil, which pandas needs and which is not"
                        + " pinned: add python-dateutil==VERSION to requirements.txt, and what that needs, as"
                        + " pip-compile and pip freeze do",
                told("ModuleNotFoundError: No module named 'dateutil.parser'", PANDAS, UVICORN));
        assertTrue(told("No module named 'click'", UVICORN).contains("which uvicorn needs"));
    }

    @Test
    void aPinnedPackageWithoutTheModuleIsNamed() {
        assertEquals(
                "pandas==2.2.3, which is pinned, has no module pandas.io.spss; another version may have it",
                told("ModuleNotFoundError: No module named 'pandas.io.spss'", PANDAS));
    }

    @Test
    void whereNoModuleIsNamedAllThatIsNotPinnedIs() {
        assertTrue(told("ImportError: cannot import name 'x' from 'y'", PANDAS)
                .contains("pandas needs numpy, python-dateutil. Pin indirect packages, too"));
        assertEquals("", told("ImportError: cannot import name 'x' from 'y'"));
        assertEquals("", told("ValueError: x", PANDAS));
    }
}
