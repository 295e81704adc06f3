package io.zygotes.core.packages;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.ModuleFindings;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FurtherModulesTest {

    private static final PackageId ONE = PackageId.parse("one==1.0"), TWO = PackageId.parse("two==2.0");

    @TempDir
    private Path folder;

    private final InstalledPackages installed = new InstalledPackages();
    private FurtherModules modules;

    @BeforeEach
    void install() throws Exception {
        for (PackageId id : List.of(ONE, TWO)) {
            Path files = Files.createDirectories(folder.resolve(id.toString()).resolve(id.name()));
            Files.writeString(files.resolve("__init__.py"), "");
            Files.writeString(files.resolve("part.py"), "");
            Files.writeString(files.resolve("fast.cpython-311-x86_64-linux-gnu.so"), "");
            PackageInfo info = new PackageInfo(id, List.of(), List.of(id.name()), files.getParent(), 0);
            installed.add(new Installed(info, Extras.NONE, Set.of()));
        }
        modules = new FurtherModules(installed);
    }

    private void need(int lambdas, Set<PackageId> pins, String... names) {
        for (int i = 0; i < lambdas; i++) {
            modules.need("lambda-" + i + pins.size(), pins, List.of(names));
        }
    }

    @Test
    void aZygoteImportsWhatSeveralLambdasWithItsPackagesNeed() {
        need(2, Set.of(ONE, TWO), "ssl", "one.part", "one.fast", "two.part");
        modules.need("alone", Set.of(ONE), List.of("one.other", "csv"));

        assertEquals(List.of("ssl", "one.part", "one.fast"), modules.of(List.of(ONE), List.of()));
        assertEquals(List.of("ssl", "one.part", "one.fast", "two.part"), modules.of(List.of(ONE, TWO), List.of()));
        assertEquals(List.of("email"), modules.of(List.of(), List.of("email")), "the root has what its tree wants");
    }

    @Test
    void whatLiesInNoFolderOfItsPackagesIsNotImported() {
        need(3, Set.of(ONE, TWO), "two.part", "two", "one.missing", "one/../../etc", "one..part", "a".repeat(300));
        assertEquals(List.of(), modules.of(List.of(ONE), List.of()));
    }

    @Test
    void ofWhatSourceNamesOnlyModulesInFoldersOfItsPackagesAreParts() {
        List<String> names = List.of("one.part", "one.Class", "two.part", "typing.List", "one.fast", "one..part");
        assertEquals(List.of("one.part", "one.fast"), modules.partsOf(Set.of(ONE), names));
    }

    @Test
    void oneLambdaThatSaysItTwiceIsOne() {
        modules.need("alone", Set.of(ONE), List.of("one.part"));
        modules.need("alone", Set.of(ONE), List.of("one.part", "one.fast"));
        assertEquals(List.of(), modules.of(List.of(ONE), List.of()));
    }

    @Test
    void whatAZygoteIsBetterWithoutIsLeftOutForGood() throws Exception {
        need(2, Set.of(ONE), "one.part", "one.fast", "ssl");
        modules.learn(List.of(ONE), new ModuleFindings(Map.of("one.part", "it is slow", "ssl", "it is old"), Map.of()));
        assertEquals(List.of("one.fast"), modules.of(List.of(ONE), List.of("ssl")));

        Path file = folder.resolve("modules.json");
        modules.save(file);
        FurtherModules next = new FurtherModules(installed);
        next.load(file);
        next.need("lambda-31", Set.of(ONE), List.of("one.part"));
        assertEquals(List.of("one.fast"), next.of(List.of(ONE), List.of()));
    }

    @Test
    void aModuleThatLookedForAPackageOfOthersIsNotImportedUnderThem() {
        need(2, Set.of(ONE), "one.part", "one.fast");
        modules.learn(
                List.of(ONE),
                new ModuleFindings(Map.of(), Map.of("one.part", Set.of("two"), "one.fast", Set.of("nobody_has_this"))));
        assertEquals(List.of("one.fast"), modules.of(List.of(ONE), List.of()));
        assertEquals(List.of("one.part", "one.fast"), modules.of(List.of(ONE, TWO), List.of("one.part", "one.fast")));
    }

    @Test
    void whatStrangersSayIsBounded() {
        List<String> many = new ArrayList<>();
        for (int i = 0; i < 2000; i++) {
            many.add("module" + i);
        }
        modules.need("one", Set.of(ONE), many);
        modules.need("other", Set.of(ONE), many);
        assertEquals(300, modules.of(List.of(ONE), List.of()).size());
    }

    @Test
    void aDamagedFileIsPassedOver() throws Exception {
        Path file = Files.writeString(folder.resolve("modules.json"), "{\"needed\": {\"a\": {\"packages\": [\"x\"]}}}");
        modules.load(file);
        Files.writeString(file, "{");
        modules.load(file);
        modules.load(folder.resolve("none.json"));
        need(2, Set.of(ONE), "one.part");
        assertTrue(modules.of(List.of(ONE), List.of()).contains("one.part"));
        assertFalse(FurtherModules.isName("a-b"));
    }
}
