package io.zygotes.launcher.measure.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class PackageSetTest {

    @Test
    void theSetsAreThoseOfTheTable() {
        assertEquals(
                List.of("(none)", "numpy", "pandas", "pandas+requests+flask"),
                PackageSet.ALL.stream().map(PackageSet::name).toList());
    }

    @Test
    void aLambdaImportsItsPackagesAndReturnsItsEvent() {
        assertEquals("def f(event):\n    return event\n", PackageSet.NONE.code());
        assertEquals("import pandas\n\n\ndef f(event):\n    return event\n", PackageSet.PANDAS.code());
    }

    @Test
    void noPackageIsPinnedTwiceForOnePython() throws Exception {
        for (PackageSet set : PackageSet.ALL) {
            List<String> unconditional = set.requirements()
                    .lines()
                    .filter(line -> !line.contains(";"))
                    .map(line -> line.split("==")[0])
                    .toList();
            assertEquals(unconditional.size(), unconditional.stream().distinct().count(), set.name());
        }
    }

    @Test
    void whatIsImportedIsPinned() throws Exception {
        for (PackageSet set : PackageSet.ALL) {
            for (String module : set.imports()) {
                assertTrue(set.requirements().lines().anyMatch(line -> line.startsWith(module + "==")), module);
            }
        }
    }
}
