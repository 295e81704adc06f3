package io.zygotes.launcher;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.ServiceLoader;
import picocli.CommandLine.Command;

/** The arrows between the modules, and what may be used where. */
@AnalyzeClasses(
        packages = "io.zygotes",
        importOptions = {ImportOption.DoNotIncludeTests.class, ArchitectureTest.WithoutTestJars.class})
class ArchitectureTest {

    /** What other modules' tests share comes in jars, which look like any other; it needs JUnit, and that is right. */
    static final class WithoutTestJars implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("/testkit/") && !location.contains("/testbed/");
        }
    }

    private static final String SPI = "io.zygotes.spi..";
    private static final String CORE = "io.zygotes.core..";
    private static final String SOCK = "io.zygotes.sandbox.sock..";
    private static final String NONE = "io.zygotes.plugin.none..";
    private static final String TREE = "io.zygotes.plugin.tree..";
    private static final String MULTITREE = "io.zygotes.plugin.multitree..";
    private static final String LAUNCHER = "io.zygotes.launcher..";
    private static final String MEASURE = "io.zygotes.launcher.measure..";

    @ArchTest
    static final ArchRule THE_SPI_NEEDS_NOTHING_BUT_JAVA_BASE = classes()
            .that()
            .resideInAPackage(SPI)
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    SPI,
                    "java.lang..",
                    "java.util..",
                    "java.nio..",
                    "java.time..",
                    "java.io..",
                    "java.math..",
                    "java.net..");

    @ArchTest
    static final ArchRule THE_CORE_KNOWS_THE_SPI_ONLY = noClasses()
            .that()
            .resideInAPackage(CORE)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(SOCK, NONE, TREE, MULTITREE, LAUNCHER);

    @ArchTest
    static final ArchRule THE_MECHANISM_KNOWS_THE_SPI_ONLY = noClasses()
            .that()
            .resideInAPackage(SOCK)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(CORE, NONE, TREE, MULTITREE, LAUNCHER);

    @ArchTest
    static final ArchRule PLUGINS_KNOW_NEITHER_CORE_NOR_MECHANISM_NOR_LAUNCHER = noClasses()
            .that()
            .resideInAnyPackage(NONE, TREE, MULTITREE)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(CORE, SOCK, LAUNCHER, "io.zygotes.spi.mechanism..");

    @ArchTest
    static final ArchRule NONE_STANDS_ALONE = noClasses()
            .that()
            .resideInAPackage(NONE)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(TREE, MULTITREE);

    @ArchTest
    static final ArchRule TREE_KNOWS_NO_OTHER_PLUGIN = noClasses()
            .that()
            .resideInAPackage(TREE)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(NONE, MULTITREE);

    @ArchTest
    static final ArchRule MULTITREE_BUILDS_ON_TREE_ALONE = noClasses()
            .that()
            .resideInAPackage(MULTITREE)
            .should()
            .dependOnClassesThat()
            .resideInAPackage(NONE);

    @ArchTest
    static final ArchRule THE_LAUNCHER_REACHES_THE_MECHANISM_BY_NAME_ONLY = noClasses()
            .that()
            .resideInAPackage(LAUNCHER)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(SOCK, NONE, MULTITREE);

    @ArchTest
    static final ArchRule TWO_PACKAGES_OF_THE_LAUNCHER_KNOW_THE_PLUGIN_TREE = noClasses()
            .that()
            .resideInAPackage(LAUNCHER)
            .and()
            .resideOutsideOfPackages("io.zygotes.launcher.tree", "io.zygotes.launcher.measure.tree")
            .should()
            .dependOnClassesThat()
            .resideInAPackage(TREE);

    /** Picocli looks at all methods of a command, and an image may be built without the plugin. */
    @ArchTest
    static final ArchRule NO_COMMAND_KNOWS_THE_PLUGIN_TREE = noClasses()
            .that()
            .areAnnotatedWith(Command.class)
            .should()
            .dependOnClassesThat()
            .resideInAPackage(TREE);

    @ArchTest
    static final ArchRule WHAT_RUNS_A_WORKER_DOES_NOT_KNOW_WHAT_MEASURES = noClasses()
            .that()
            .resideInAPackage("io.zygotes.launcher.*..")
            .and()
            .resideOutsideOfPackage(MEASURE)
            .should()
            .dependOnClassesThat()
            .resideInAPackage(MEASURE);

    @ArchTest
    static final ArchRule NOTHING_KNOWS_MAIN =
            noClasses().should().dependOnClassesThat().belongToAnyOf(Main.class);

    @ArchTest
    static final ArchRule THE_LAUNCHER_S_PACKAGES_HAVE_NO_CYCLES =
            slices().matching("io.zygotes.launcher.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule ONE_PACKAGE_OF_THE_LAUNCHER_WIRES = noClasses()
            .that()
            .resideInAPackage(LAUNCHER)
            .and()
            .resideOutsideOfPackage("io.zygotes.launcher.worker")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("com.google.inject..", "jakarta.inject..");

    @ArchTest
    static final ArchRule ONE_PACKAGE_TOUCHES_FOREIGN_MEMORY = noClasses()
            .that()
            .resideOutsideOfPackage("io.zygotes.sandbox.sock.linux")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("java.lang.foreign..");

    @ArchTest
    static final ArchRule GUICE_STAYS_IN_LAUNCHER_AND_CORE = noClasses()
            .that()
            .resideOutsideOfPackages(LAUNCHER, CORE)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("com.google.inject..", "jakarta.inject..");

    @ArchTest
    static final ArchRule ONE_PACKAGE_LOADS_SERVICES = noClasses()
            .that()
            .resideOutsideOfPackage("io.zygotes.launcher.plugins")
            .and() // Asks a plugin's own layer, when a cache is made.
            .doNotHaveFullyQualifiedName("io.zygotes.core.guard.JdbcDrivers")
            .should()
            .dependOnClassesThat()
            .areAssignableTo(ServiceLoader.class);
}
