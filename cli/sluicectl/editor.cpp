// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/editor.hpp"

#include <histedit.h>
#include <sys/stat.h>

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "api/grammar/tokenizer.hpp"

namespace cli {

struct Editor::State {
    std::string prompt;
    std::string history_path;
    std::function<Suggestions(std::string_view)> suggest;
    EditLine* edit = nullptr;
    History* history = nullptr;
    /// The line was dropped by Ctrl-C.
    bool dropped = false;

    static State& of(EditLine* edit) {
        void* state = nullptr;
        el_get(edit, EL_CLIENTDATA, &state);
        return *static_cast<State*>(state);
    }

    static char* show_prompt(EditLine* edit) { return of(edit).prompt.data(); }

    std::string_view before_cursor() const {
        const LineInfo* line = el_line(edit);
        return {line->buffer, static_cast<std::size_t>(line->cursor - line->buffer)};
    }

    /// Lists below the line; libedit then draws the prompt anew.
    unsigned char show(const Suggestions& suggestions) const {
        std::cout << '\n';
        if (suggestions.candidates.empty() && !suggestions.whole) {
            std::cout << "  (nothing fits here)\n";
        }
        list(suggestions, std::cout);
        std::cout.flush();
        return CC_REDISPLAY;
    }

    static unsigned char on_tab(EditLine* edit, int) {
        State& state = of(edit);
        const std::string line(state.before_cursor());
        const Suggestions suggestions = state.suggest(line);
        const std::string typed = line.substr(suggestions.begin);
        const Completed completed = complete_word(suggestions, typed);
        if (!completed.changes) {
            return state.show(suggestions);
        }
        el_deletestr(edit, static_cast<int>(characters(typed)));
        el_insertstr(edit, completed.replacement.c_str());
        return CC_REFRESH;
    }

    static unsigned char on_question(EditLine* edit, int) {
        State& state = of(edit);
        const std::string line(state.before_cursor());
        const api::grammar::Scan scanned = api::grammar::scan(line);
        if (scanned.open != 0 || scanned.comment) {
            el_insertstr(edit, "?");
            return CC_REFRESH;
        }
        return state.show(state.suggest(line));
    }

    static unsigned char on_interrupt(EditLine* edit, int) {
        of(edit).dropped = true;
        std::cout << "^C\n" << std::flush;
        return CC_EOF;
    }

    /// libedit counts what it deletes in characters.
    static std::size_t characters(std::string_view text) {
        std::size_t count = 0;
        for (const char c : text) {
            count += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
        }
        return count;
    }
};

Editor::Editor(std::string prompt, std::string history_path,
               std::function<Suggestions(std::string_view)> suggest)
    : state_(std::make_unique<State>()) {
    State& state = *state_;
    state.prompt = std::move(prompt);
    state.history_path = std::move(history_path);
    state.suggest = std::move(suggest);
    std::setlocale(LC_CTYPE, "");

    state.history = history_init();
    HistEvent event;
    history(state.history, &event, H_SETSIZE, 1000);
    history(state.history, &event, H_SETUNIQUE, 1);
    if (!state.history_path.empty()) {
        history(state.history, &event, H_LOAD, state.history_path.c_str());
    }

    state.edit = el_init("sluicectl", stdin, stdout, stderr);
    el_set(state.edit, EL_CLIENTDATA, &state);
    el_set(state.edit, EL_PROMPT, &State::show_prompt);
    el_set(state.edit, EL_EDITOR, "emacs");
    el_set(state.edit, EL_SIGNAL, 1);
    el_set(state.edit, EL_HIST, history, state.history);
    // The narrow form of this call leaks a copy of the names.
    el_wset(state.edit, EL_ADDFN, L"sluice-complete", L"Completes the word", &State::on_tab);
    el_wset(state.edit, EL_ADDFN, L"sluice-help", L"Shows what may follow", &State::on_question);
    el_wset(state.edit, EL_ADDFN, L"sluice-drop", L"Drops the line", &State::on_interrupt);
    el_set(state.edit, EL_BIND, "\t", "sluice-complete", nullptr);
    el_set(state.edit, EL_BIND, "?", "sluice-help", nullptr);
    el_set(state.edit, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    el_set(state.edit, EL_BIND, "^C", "sluice-drop", nullptr);
    // While a line is edited Ctrl-C is a key; while a command runs it is a signal.
    el_set(state.edit, EL_SETTY, "-d", "-isig", nullptr);
    el_source(state.edit, nullptr);
}

Editor::~Editor() {
    HistEvent event;
    if (!state_->history_path.empty()) {
        const mode_t mask = umask(0077);
        history(state_->history, &event, H_SAVE, state_->history_path.c_str());
        umask(mask);
    }
    history_end(state_->history);
    el_end(state_->edit);
}

std::optional<std::string> Editor::read_line() {
    int count = 0;
    state_->dropped = false;
    const char* text = el_gets(state_->edit, &count);
    if (state_->dropped) {
        return std::string();
    }
    if (text == nullptr || count <= 0) {
        return std::nullopt;
    }
    std::string line(text);
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) {
        line.pop_back();
    }
    if (line.find_first_not_of(" \t") != std::string::npos) {
        HistEvent event;
        history(state_->history, &event, H_ENTER, line.c_str());
    }
    return line;
}

std::string default_history_path() {
    if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state != '\0') {
        return std::string(state) + "/sluice_history";
    }
    const char* home = std::getenv("HOME");
    return home != nullptr && *home != '\0' ? std::string(home) + "/.sluice_history"
                                            : std::string();
}

}  // namespace cli
