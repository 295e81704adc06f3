package io.zygotes.sandbox.sock;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The order of the packages, which the table of docs/sandbox.md and each package-info.java tell. */
@AnalyzeClasses(packages = "io.zygotes.sandbox.sock", importOptions = ImportOption.DoNotIncludeTests.class)
class PackagesTest {

    private static final String SOCK = "io.zygotes.sandbox.sock";

    @ArchTest
    static final ArchRule NO_PACKAGES_USE_EACH_OTHER_IN_A_CIRCLE =
            slices().matching("io.zygotes.sandbox.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule PACKAGES_USE_EACH_OTHER_IN_ONE_ORDER = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("mechanism")
            .definedBy(SOCK)
            .layer("launch")
            .definedBy(SOCK + ".launch")
            .layer("warden")
            .definedBy(SOCK + ".warden")
            .layer("sandbox")
            .definedBy(SOCK + ".sandbox")
            .layer("network")
            .definedBy(SOCK + ".network")
            .layer("resource")
            .definedBy(SOCK + ".resource")
            .layer("protocol")
            .definedBy(SOCK + ".protocol")
            .layer("cgroup")
            .definedBy(SOCK + ".cgroup")
            .layer("identity")
            .definedBy(SOCK + ".identity")
            .layer("linux")
            .definedBy(SOCK + ".linux")
            .whereLayer("launch")
            .mayOnlyAccessLayers("warden", "sandbox", "network", "resource", "protocol", "cgroup", "identity", "linux")
            .whereLayer("warden")
            .mayOnlyAccessLayers("resource", "protocol", "cgroup", "identity", "linux")
            .whereLayer("sandbox")
            .mayOnlyAccessLayers("resource", "protocol", "cgroup", "identity", "linux")
            .whereLayer("network")
            .mayOnlyAccessLayers("linux")
            .whereLayer("resource")
            .mayOnlyAccessLayers("cgroup", "linux")
            .whereLayer("protocol")
            .mayOnlyAccessLayers("linux")
            .whereLayer("cgroup")
            .mayOnlyAccessLayers("identity", "linux")
            .whereLayer("identity")
            .mayNotAccessAnyLayer()
            .whereLayer("linux")
            .mayNotAccessAnyLayer();

    @ArchTest
    static final ArchRule ONE_PACKAGE_TOUCHES_FOREIGN_MEMORY = noClasses()
            .that()
            .resideOutsideOfPackage(SOCK + ".linux")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("java.lang.foreign..");
}
