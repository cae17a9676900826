// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/dynamic_message.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/grammar/pattern.hpp"
#include "api/grammar/text_forms.hpp"

namespace api::grammar {

/// A line that was understood: what to call, with what.
struct Command {
    const google::protobuf::MethodDescriptor* method = nullptr;
    /// Dies before the grammar, which owns its type's machinery.
    std::unique_ptr<google::protobuf::Message> request;
};

/// One way to go on with a line.
struct Candidate {
    /// The word, or "<field>" where any value of it may stand.
    std::string text;
    std::string help;
    /// `text` names a value and is not itself one.
    bool placeholder = false;
    /// "service.Method:field", from where live values come; "file:" for paths; may be empty.
    std::string values_from;
    /// Of a placeholder: the field's whole comment.
    std::string comment;
    /// Of a placeholder: what is accepted, "a number from 0 to 255, in ms".
    std::string accepts;
};

/// What could stand where a line ends.
struct Completion {
    std::vector<Candidate> candidates;
    /// The word under way, without quotes; empty behind a blank.
    std::string partial;
    /// Where that word begins in the line.
    std::size_t begin = 0;
    /// The line before the word under way is a command already.
    bool whole = false;
};

/// One command, for lists of help.
struct Usage {
    std::string text;
    std::string help;
    const google::protobuf::MethodDescriptor* method = nullptr;
    /// The fields that its values go to, in their order.
    std::vector<const google::protobuf::FieldDescriptor*> fields;
};

/// A value in a statement that names something which another statement makes: where such names come
/// from ("sluice.Interfaces.List:name"), and the name.
struct Reference {
    std::string source;
    std::string name;
    friend auto operator<=>(const Reference&, const Reference&) = default;
};

/// A line of a configuration.
struct Statement {
    std::string line;
    /// The line that takes it back. Two statements with the same one are about the same thing.
    std::string undo;
    /// What it names.
    std::vector<Reference> names;
    /// Where it stands, as (sluice.stage) says.
    int stage = 0;
    /// It can take the place of another one about the same thing.
    bool replaces = false;
};

/// The commands of a set of methods, from their option (sluice.cli): reads lines into requests and
/// writes requests as lines. The daemon keeps one to check what is registered and to write its
/// configuration, the shell one to read what is typed.
///
/// Descriptors may be generated or dynamic and outlive their stay here. One thread at a time.
class Grammar {
public:
    /// `forms` outlives the grammar.
    explicit Grammar(const TextForms& forms);
    Grammar(const Grammar&) = delete;
    Grammar& operator=(const Grammar&) = delete;

    /// Whether the method's commands are sound and clash with no other's; the sentence names both.
    /// A method without commands is always sound.
    absl::Status check(const google::protobuf::MethodDescriptor& method) const;

    /// check(), then adds it; a refused method changes nothing.
    absl::Status add_method(const google::protobuf::MethodDescriptor& method);

    /// Adds all methods of a service that have commands, or none of them.
    absl::Status add_service(const google::protobuf::ServiceDescriptor& service);

    /// Forgets a method by its full name. Does nothing where it is not known.
    void remove_method(std::string_view full_name);
    void remove_service(const google::protobuf::ServiceDescriptor& service);

    /// Reads one line. The error says what is wrong at which word, and what would be accepted
    /// there; place_of() it tells where that word stands.
    absl::StatusOr<Command> parse(std::string_view line) const;

    /// What could stand at the end of `line`, which is cut off at the cursor. Empty where the words
    /// before are wrong.
    Completion complete(std::string_view line) const;

    /// The line that parse() reads into an equal request: by the method's first command that can
    /// say it. Refused where none can, naming the field.
    absl::StatusOr<std::string> print(const google::protobuf::MethodDescriptor& method,
                                      const google::protobuf::Message& request) const;

    /// The same with all that a configuration wants to know of it. Refused where the method has no
    /// (sluice.undo): what it does is no part of a configuration.
    absl::StatusOr<Statement> statement(const google::protobuf::MethodDescriptor& method,
                                        const google::protobuf::Message& request) const;

    /// Whether the method makes statements.
    bool makes_statements(const google::protobuf::MethodDescriptor& method) const;

    /// The names in a request, in order.
    std::vector<Reference> names(const google::protobuf::Message& request) const;

    /// The commands that begin with these words (abbreviated or not), all for "".
    std::vector<Usage> usages(std::string_view words) const;

    /// What the field of a command accepts, with its unit: "a number from 0 to 255, in ms".
    std::string accepts(const google::protobuf::FieldDescriptor& field) const;

    /// A new message of a type of any pool; dies before the grammar.
    std::unique_ptr<google::protobuf::Message> new_message(
        const google::protobuf::Descriptor& type) const;

    const TextForms& forms() const { return forms_; }

private:
    using Patterns = std::vector<std::unique_ptr<Pattern>>;
    /// What is known of a method with commands.
    struct Known {
        Patterns lines;
        /// None, or one for each of `lines`, or one for all.
        Patterns undo;
        /// The same.
        std::vector<int> stages;
        bool replaces = false;
        /// Fields of the request that mean something where they are left out, and what.
        std::vector<std::pair<const google::protobuf::FieldDescriptor*, std::string>> defaults;
    };

    absl::StatusOr<Known> compile(const google::protobuf::MethodDescriptor& method) const;
    absl::Status find_defaults(const google::protobuf::Descriptor& request, Known& known) const;
    absl::Status check_clashes(const Patterns& compiled) const;
    /// The pattern that can say the request, its number and its line.
    struct Said {
        const Known* known;
        std::size_t number;
        std::string line;
        /// The request as the patterns' own type: the one that was given, or a copy.
        const google::protobuf::Message* request;
        std::unique_ptr<google::protobuf::Message> copy;
    };
    static void leave_out_defaults(const Known& known, const TextForms& forms, Said& said);
    absl::StatusOr<Said> say(const google::protobuf::MethodDescriptor& method,
                             const google::protobuf::Message& request) const;
    const google::protobuf::Message& prototype(const google::protobuf::Descriptor& type) const;
    std::vector<const Pattern*> patterns() const;

    const TextForms& forms_;
    mutable google::protobuf::DynamicMessageFactory factory_;
    /// By the method's full name, so that every list is in a stable order.
    std::map<std::string, Known, std::less<>> methods_;
};

}  // namespace api::grammar
