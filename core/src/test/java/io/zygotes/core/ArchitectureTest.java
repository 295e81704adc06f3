package io.zygotes.core;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The arrows between the packages of the core, as their {@code package-info} has them. */
@AnalyzeClasses(packages = "io.zygotes.core", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    private static final String ROOT = "io.zygotes.core";

    private static String[] in(String... packages) {
        String[] full = new String[packages.length];
        for (int i = 0; i < packages.length; i++) {
            full[i] = ROOT + "." + packages[i] + "..";
        }
        return full;
    }

    @ArchTest
    static final ArchRule NO_PACKAGE_NEEDS_ANOTHER_THAT_NEEDS_IT =
            slices().matching("io.zygotes.core.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule NOTHING_KNOWS_THE_WORKER = noClasses()
            .that()
            .resideOutsideOfPackage(ROOT)
            .should()
            .dependOnClassesThat()
            .resideInAPackage(ROOT);

    @ArchTest
    static final ArchRule GUICE_STAYS_WITH_THE_WORKER_AND_ITS_WIRING = noClasses()
            .that()
            .resideOutsideOfPackages(ROOT, ROOT + ".wiring")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("com.google.inject..", "jakarta.inject..");

    @ArchTest
    static final ArchRule ONLY_THE_WORKER_KNOWS_THE_WIRING = classes()
            .that()
            .resideInAPackage(ROOT + ".wiring")
            .should()
            .onlyBeAccessed()
            .byAnyPackage(ROOT, ROOT + ".wiring");

    @ArchTest
    static final ArchRule THE_GROUND_FLOOR_KNOWS_THE_SPI_ONLY = noClasses()
            .that()
            .resideInAnyPackage(in("files", "threads", "statistics", "python"))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(in(
                    "config",
                    "registry",
                    "packages",
                    "pool",
                    "function",
                    "aws",
                    "http",
                    "trace",
                    "output",
                    "status",
                    "wiring"));

    @ArchTest
    static final ArchRule SETTINGS_LAMBDAS_PACKAGES_AND_LOGS_STAND_ON_THE_GROUND_FLOOR_ALONE = noClasses()
            .that()
            .resideInAnyPackage(in("config", "registry", "packages", "trace", "output"))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(in("pool", "function", "aws", "http", "status", "wiring"));

    @ArchTest
    static final ArchRule ONE_PACKAGE_KNOWS_THE_HTTP_SERVER = noClasses()
            .that()
            .resideOutsideOfPackage(ROOT + ".http")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.eclipse.jetty..");

    @ArchTest
    static final ArchRule THE_INTERFACE_OF_AWS_KNOWS_LAMBDAS_AND_WHAT_THEY_PRINT_ALONE = noClasses()
            .that()
            .resideInAPackage(ROOT + ".aws")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(in(
                    "config", "guard", "network", "packages", "pool", "python", "http", "status", "trace", "wiring"));

    @ArchTest
    static final ArchRule SANDBOXES_AND_LAMBDAS_KNOW_NOTHING_OF_HTTP = noClasses()
            .that()
            .resideInAnyPackage(in("pool", "function", "status"))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(in("aws", "http", "wiring"));
}
