package io.zygotes.launcher.plugins;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.module.ModuleReader;
import java.lang.module.ModuleReference;
import java.lang.reflect.AccessFlag;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The classes that the modules of a layer and of those above it can reach, read from their files: nothing is loaded, so
 * that looking at a class does not run its code. For one thread. Names are those of class files, {@code a/b/C}.
 */
final class VisibleClasses implements AutoCloseable {

    /** These take any arguments (signature polymorphism, JVMS 2.9.3). */
    private static final Set<String> POLYMORPHIC =
            Set.of("java/lang/invoke/MethodHandle", "java/lang/invoke/VarHandle");

    private final List<Module> modules = new ArrayList<>();
    private final Map<String, List<Module>> byPackage = new HashMap<>();
    private final Map<Module, ModuleReader> readers = new HashMap<>();
    private final Map<Found, Optional<Shape>> shapes = new HashMap<>();

    VisibleClasses(ModuleLayer layer) {
        Set<ModuleLayer> layers = new LinkedHashSet<>(List.of(layer));
        layers.addAll(layer.parents());
        layers.forEach(each -> modules.addAll(each.modules()));
        for (Module module : modules) {
            module.getPackages()
                    .forEach(name -> byPackage
                            .computeIfAbsent(name, none -> new ArrayList<>())
                            .add(module));
        }
    }

    /** Where a class is, as one module sees it. */
    sealed interface Place {}

    /** It can be used. */
    record Found(Module module, String name) implements Place {}

    /** There is one, in a module that keeps it to itself or is not read. */
    record Hidden(Module module) implements Place {}

    /** There is none. */
    record Missing() implements Place {}

    /** What a class file says about a class. Members are name and descriptor. */
    record Shape(
            Optional<String> superclass,
            List<String> interfaces,
            Set<String> fields,
            Set<String> methods,
            Set<String> abstractMethods,
            boolean concrete) {

        static Shape of(ClassModel model) {
            Set<String> fields = new HashSet<>();
            model.fields()
                    .forEach(field -> fields.add(
                            field.fieldName().stringValue() + field.fieldType().stringValue()));
            Set<String> methods = new HashSet<>();
            Set<String> open = new HashSet<>();
            model.methods().forEach(method -> {
                String key =
                        method.methodName().stringValue() + method.methodType().stringValue();
                methods.add(key);
                if (method.flags().has(AccessFlag.ABSTRACT)) {
                    open.add(key);
                }
            });
            return new Shape(
                    model.superclass().map(ClassEntry::asInternalName),
                    model.interfaces().stream().map(ClassEntry::asInternalName).toList(),
                    fields,
                    methods,
                    open,
                    !model.flags().has(AccessFlag.ABSTRACT) && !model.flags().has(AccessFlag.INTERFACE));
        }
    }

    /** Looks for a class on behalf of a module. */
    Place find(Module viewer, String name) {
        String packageName = packageOf(name);
        List<Module> holders = byPackage.getOrDefault(packageName, List.of());
        Place place = new Missing();
        for (Module holder : holders) {
            boolean usable = holder == viewer || viewer.canRead(holder) && holder.isExported(packageName, viewer);
            Found found = new Found(holder, name);
            if (shape(found).isEmpty()) {
                continue;
            }
            if (usable) {
                return found;
            }
            place = new Hidden(holder);
        }
        return place;
    }

    private static String packageOf(String name) {
        int slash = name.lastIndexOf('/');
        return slash < 0 ? "" : name.substring(0, slash).replace('/', '.');
    }

    /** Whether a field is where Java looks for it: in the class and in what it extends and implements. */
    boolean hasField(Found owner, String key) {
        return has(owner, shape -> shape.fields().contains(key), new HashSet<>());
    }

    /** Whether a method is where Java looks for it. */
    boolean hasMethod(Found owner, String key) {
        return POLYMORPHIC.contains(owner.name())
                || has(owner, shape -> shape.methods().contains(key), new HashSet<>());
    }

    /** Whether a method is there and has a body. */
    boolean hasBody(Found owner, String key) {
        return has(
                owner,
                shape -> shape.methods().contains(key)
                        && !shape.abstractMethods().contains(key),
                new HashSet<>());
    }

    private interface Question {
        boolean isAnsweredBy(Shape shape);
    }

    private boolean has(Found owner, Question question, Set<Found> seen) {
        if (!seen.add(owner)) {
            return false;
        }
        Shape shape = shape(owner).orElseThrow();
        if (question.isAnsweredBy(shape)) {
            return true;
        }
        for (String parent : parents(shape)) {
            // A parent that is missing is the parent's finding, not the member's.
            if (!(find(owner.module(), parent) instanceof Found found) || has(found, question, seen)) {
                return true;
            }
        }
        return false;
    }

    /** A class and all that it extends and implements, as far as it is there. */
    Set<Found> withParents(Found start) {
        Set<Found> all = new LinkedHashSet<>();
        collect(start, all);
        return all;
    }

    private void collect(Found start, Set<Found> all) {
        if (all.add(start)) {
            for (String parent : parents(shape(start).orElseThrow())) {
                if (find(start.module(), parent) instanceof Found found) {
                    collect(found, all);
                }
            }
        }
    }

    private static List<String> parents(Shape shape) {
        List<String> parents = new ArrayList<>(shape.interfaces());
        shape.superclass().ifPresent(parents::add);
        return parents;
    }

    /** What the file of a class says; empty if there is no such file or it cannot be understood. */
    Optional<Shape> shape(Found found) {
        return shapes.computeIfAbsent(found, this::readShape);
    }

    private Optional<Shape> readShape(Found found) {
        try {
            return read(found.module(), found.name() + ".class")
                    .map(bytes -> Shape.of(ClassFile.of().parse(bytes)));
        } catch (IOException | IllegalArgumentException e) {
            // Whoever goes through the classes of that module reports the file itself.
            return Optional.empty();
        }
    }

    /** The names of a module's class files, its descriptor aside. */
    List<String> classFiles(Module module) throws IOException {
        try (Stream<String> all = reader(module).list()) {
            return all.filter(name -> name.endsWith(".class") && !name.endsWith("module-info.class"))
                    .sorted()
                    .toList();
        }
    }

    /** A file of a module; empty if there is none. */
    Optional<byte[]> read(Module module, String file) throws IOException {
        Optional<InputStream> opened = reader(module).open(file);
        if (opened.isEmpty()) {
            return Optional.empty();
        }
        try (InputStream in = opened.get()) {
            return Optional.of(in.readAllBytes());
        }
    }

    private ModuleReader reader(Module module) throws IOException {
        ModuleReader reader = readers.get(module);
        if (reader == null) {
            ModuleReference reference = module.getLayer()
                    .configuration()
                    .findModule(module.getName())
                    .orElseThrow()
                    .reference();
            reader = reference.open();
            readers.put(module, reader);
        }
        return reader;
    }

    @Override
    public void close() throws IOException {
        for (ModuleReader reader : readers.values()) {
            reader.close();
        }
    }
}
