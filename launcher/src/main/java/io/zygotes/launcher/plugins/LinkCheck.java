package io.zygotes.launcher.plugins;

import io.zygotes.launcher.plugins.VisibleClasses.Found;
import io.zygotes.launcher.plugins.VisibleClasses.Hidden;
import io.zygotes.launcher.plugins.VisibleClasses.Missing;
import io.zygotes.launcher.plugins.VisibleClasses.Shape;
import io.zygotes.spi.SpiVersion;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.FieldRefEntry;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.ExceptionCatch;
import java.lang.classfile.instruction.NewMultiArrayInstruction;
import java.lang.classfile.instruction.NewObjectInstruction;
import java.lang.classfile.instruction.NewReferenceArrayInstruction;
import java.lang.classfile.instruction.TypeCheckInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.module.ModuleDescriptor;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Looks in the class files of a plugin for what they refer to and cannot reach. Java looks for it only when the line is
 * run, so a plugin that was compiled against something else would load and then fail in a request.
 *
 * <p>In the plugin's own classes (those in the packages of its providers and below) everything has to be there.
 * Libraries often refer to classes that they can do without; there, what is missing is a fault only if it should be in
 * the SPI, and a warning otherwise.
 */
final class LinkCheck {

    private static final String SPI = "io/zygotes/spi/";
    private static final String OURS = "io.zygotes.";
    /** Class files of Java n have version n + 44. */
    private static final int CLASS_VERSION_OFFSET = 44;
    /** Where a class file has that version (JVMS 4.1). */
    private static final int MAJOR_OFFSET = 6;

    private static final int SHORTEST = MAJOR_OFFSET + Short.BYTES;
    private final ModuleLayer layer;
    private final VisibleClasses classes;
    private final List<String> ownPackages;
    private final LinkFindings findings = new LinkFindings();

    private LinkCheck(ModuleLayer layer, VisibleClasses classes) {
        this.layer = layer;
        this.classes = classes;
        this.ownPackages = layer.modules().stream()
                .flatMap(module -> module.getDescriptor().provides().stream())
                .filter(provides -> provides.service().startsWith(OURS))
                .flatMap(provides -> provides.providers().stream())
                .map(provider ->
                        provider.substring(0, provider.lastIndexOf('.') + 1).replace('.', '/'))
                .distinct()
                .toList();
    }

    /**
     * What was found.
     *
     * @param cause what makes the plugin unusable; empty if nothing does
     * @param mend what to do about it; empty together with {@code cause}
     * @param warnings what may be missing
     */
    record Result(String cause, String mend, List<String> warnings) {}

    /**
     * Goes through all class files of a layer.
     *
     * @throws IOException if a jar cannot be read
     */
    static Result of(ModuleLayer layer) throws IOException {
        try (VisibleClasses classes = new VisibleClasses(layer)) {
            LinkCheck check = new LinkCheck(layer, classes);
            for (Module module : layer.modules()) {
                for (String file : classes.classFiles(module)) {
                    check.look(module, file);
                }
            }
            return check.findings.result();
        }
    }

    private void look(Module module, String file) throws IOException {
        String name = file.substring(0, file.length() - ".class".length());
        boolean own = ownPackages.stream().anyMatch(name::startsWith);
        byte[] bytes = classes.read(module, file).orElseThrow();
        int major = major(bytes);
        if (major > ClassFile.latestMajorVersion()) {
            findings.add(
                    own,
                    name,
                    java(name) + " is compiled for Java " + (major - CLASS_VERSION_OFFSET) + ", the image has Java "
                            + Runtime.version().feature(),
                    "compile it with --release " + Runtime.version().feature());
            return;
        }
        ClassModel model;
        try {
            model = ClassFile.of().parse(bytes);
            checkReferences(module, own, name, model);
        } catch (IllegalArgumentException e) {
            findings.add(own, name, file + " is not a class file (" + e.getMessage() + ")", "pack the jar again");
            return;
        }
        checkBodies(new Found(module, name), Shape.of(model));
    }

    /** The version of a class file; 0 if it is none. */
    private static int major(byte[] bytes) {
        ByteBuffer header = ByteBuffer.wrap(bytes);
        return bytes.length < SHORTEST || header.getInt() != ClassFile.MAGIC_NUMBER ? 0 : header.getShort(MAJOR_OFFSET);
    }

    private void checkReferences(Module module, boolean own, String name, ClassModel model) {
        for (PoolEntry entry : model.constantPool()) {
            if (entry instanceof MemberRefEntry reference) {
                checkClass(module, own, name, reference.owner());
                checkMember(module, own, name, reference);
            }
        }
        // Not all classes in the constant pool: those that only annotations or signatures mention need not be there.
        model.superclass().ifPresent(parent -> checkClass(module, own, name, parent));
        model.interfaces().forEach(parent -> checkClass(module, own, name, parent));
        for (MethodModel method : model.methods()) {
            for (CodeElement element : method.code().map(CodeModel::elementList).orElse(List.of())) {
                classIn(element).ifPresent(used -> checkClass(module, own, name, used));
            }
        }
    }

    private static Optional<ClassEntry> classIn(CodeElement element) {
        return switch (element) {
            case NewObjectInstruction made -> Optional.of(made.className());
            case NewReferenceArrayInstruction made -> Optional.of(made.componentType());
            case NewMultiArrayInstruction made -> Optional.of(made.arrayType());
            case TypeCheckInstruction checked -> Optional.of(checked.type());
            case ConstantInstruction.LoadConstantInstruction loaded
            when loaded.constantEntry() instanceof ClassEntry used -> Optional.of(used);
            case ExceptionCatch caught -> caught.catchType();
            default -> Optional.empty();
        };
    }

    private void checkClass(Module module, boolean own, String user, ClassEntry reference) {
        String name = element(reference.asInternalName());
        if (name.isEmpty()) {
            return;
        }
        switch (classes.find(module, name)) {
            case Found _ -> {}
            case Hidden hidden -> hidden(own, user, name, hidden.module());
            case Missing _ -> missing(module, own, user, name);
        }
    }

    /** The class that an array is made of; empty if it is made of numbers. */
    private static String element(String reference) {
        if (!reference.startsWith("[")) {
            return reference;
        }
        String element = reference.substring(reference.lastIndexOf('[') + 1);
        return element.startsWith("L") ? element.substring(1, element.length() - 1) : "";
    }

    private void hidden(boolean own, String user, String name, Module holder) {
        String what = java(user) + " uses " + java(name) + ", which ";
        if (holder.getName().startsWith(OURS)) {
            // A fault in a library, too: nobody but a plugin means Zygotes.
            findings.add(
                    true,
                    name,
                    what + "is the worker's own (module " + holder.getName() + ")",
                    "use io.zygotes.spi alone");
        } else if (holder.getLayer() == layer || isOfTheJdk(name)) {
            findings.add(
                    own,
                    name,
                    what + "the module " + holder.getName() + " keeps to itself",
                    "use what that module exports, or require the module");
        } else {
            findings.add(
                    own,
                    name,
                    what + "is in a library of the worker's own (module " + holder.getName() + ")",
                    "put the library's jar beside it, in a folder of its own below plugins/");
        }
    }

    private void missing(Module module, boolean own, String user, String name) {
        String what = java(user) + " uses " + java(name) + ", which ";
        if (name.startsWith(SPI)) {
            findings.add(
                    true,
                    name,
                    what + "the SPI of this worker does not have (revision " + SpiVersion.CURRENT + ")",
                    newerSpi());
        } else if (isOfTheJdk(name)) {
            if (own && !mayMiss(module)) {
                findings.add(
                        true,
                        name,
                        what + "is in none of the image's JDK modules",
                        "do without it; docs/plugins.md lists the modules that every image has");
            }
        } else {
            findings.add(
                    own && !mayMiss(module),
                    name,
                    what + "is neither in the plugin nor in the image",
                    "put the jar with the missing class beside it, in a folder of its own below plugins/");
        }
    }

    private static boolean isOfTheJdk(String name) {
        return name.startsWith("java/")
                || name.startsWith("javax/")
                || name.startsWith("jdk/")
                || name.startsWith("sun/")
                || name.startsWith("com/sun/");
    }

    /** Whether it says itself that it can do without a module. */
    private boolean mayMiss(Module module) {
        return module.getDescriptor().requires().stream()
                .filter(requires -> requires.modifiers().contains(ModuleDescriptor.Requires.Modifier.STATIC))
                .anyMatch(requires -> layer.findModule(requires.name()).isEmpty());
    }

    private void checkMember(Module module, boolean own, String user, MemberRefEntry reference) {
        String owner = reference.owner().asInternalName();
        // Arrays have what Object has. What is wrong with a class that is not there was said already.
        if (owner.startsWith("[") || !(classes.find(module, owner) instanceof Found found)) {
            return;
        }
        String key = reference.name().stringValue() + reference.type().stringValue();
        boolean field = reference instanceof FieldRefEntry;
        if (field ? classes.hasField(found, key) : classes.hasMethod(found, key)) {
            return;
        }
        String missing = owner + "." + key;
        String what = java(user) + (field ? " uses " : " calls ") + java(owner) + "." + member(reference) + ", which ";
        if (owner.startsWith(SPI)) {
            findings.add(
                    true,
                    missing,
                    what + "the SPI of this worker does not have (revision " + SpiVersion.CURRENT + ")",
                    newerSpi());
        } else if (own || !isOfTheJdk(owner)) {
            findings.add(
                    own,
                    missing,
                    what + place(found.module()) + " does not have",
                    "put that version of the library beside it which it was compiled against");
        }
    }

    private static String newerSpi() {
        return "it was compiled against another SPI than it says: let spiVersion() return SpiVersion.CURRENT and"
                + " compile it against the oldest SPI that it is for, or use a newer Zygotes";
    }

    private String place(Module module) {
        String name = "the module " + module.getName();
        return module.getLayer() == layer
                ? layer.configuration()
                        .findModule(module.getName())
                        .orElseThrow()
                        .reference()
                        .location()
                        .map(location -> name + " in " + location.getPath())
                        .orElse(name)
                : name + " of the image";
    }

    /** Of a class that can be made, all methods that the SPI calls must have a body. */
    private void checkBodies(Found checked, Shape shape) {
        if (!shape.concrete() || classes.shape(checked).isEmpty()) {
            return;
        }
        for (Found parent : classes.withParents(checked)) {
            if (!parent.name().startsWith(SPI)) {
                continue;
            }
            for (String method : classes.shape(parent).orElseThrow().abstractMethods()) {
                if (!classes.hasBody(checked, method)) {
                    int descriptor = method.indexOf('(');
                    findings.add(
                            true,
                            checked.name() + "." + method,
                            java(checked.name()) + " has no method "
                                    + signature(method.substring(0, descriptor), method.substring(descriptor))
                                    + ", which "
                                    + java(parent.name()) + " asks for in revision " + SpiVersion.CURRENT
                                    + " of the SPI",
                            "compile it against the SPI of this worker");
                }
            }
        }
    }

    private static String member(MemberRefEntry reference) {
        String name = reference.name().stringValue();
        return reference instanceof FieldRefEntry
                ? name
                : signature(name, reference.type().stringValue());
    }

    private static String signature(String name, String descriptor) {
        return name
                + MethodTypeDesc.ofDescriptor(descriptor).parameterList().stream()
                        .map(ClassDesc::displayName)
                        .collect(Collectors.joining(", ", "(", ")"));
    }

    private static String java(String name) {
        return name.replace('/', '.');
    }
}
