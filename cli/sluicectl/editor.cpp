// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/editor.hpp"

#include <histedit.h>

#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "api/grammar/tokenizer.hpp"
#include "cli/sluicectl/history.hpp"

namespace cli {
namespace {

sigset_t held_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGWINCH);
    sigaddset(&set, SIGCONT);
    return set;
}

/// Lets this thread have the held signals, or holds them, for a while.
class SignalMask {
public:
    explicit SignalMask(int how) {
        const sigset_t set = held_signals();
        pthread_sigmask(how, &set, &before_);
    }
    ~SignalMask() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalMask(const SignalMask&) = delete;
    SignalMask& operator=(const SignalMask&) = delete;

private:
    sigset_t before_{};
};

/// libedit counts what it deletes in characters.
std::size_t characters(std::string_view text) {
    std::size_t count = 0;
    for (const char c : text) {
        count += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
    }
    return count;
}

}  // namespace

struct Editor::State {
    State(const Screen& given_screen, const std::string& history_path,
          std::function<Suggestions(std::string_view)> given_suggest)
        : screen(given_screen), file(history_path), suggest(std::move(given_suggest)) {}

    const Screen& screen;
    const HistoryFile file;
    const std::function<Suggestions(std::string_view)> suggest;
    std::string prompt;
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

    std::string before_cursor() const {
        const LineInfo* line = el_line(edit);
        return {line->buffer, static_cast<std::size_t>(line->cursor - line->buffer)};
    }

    /// A call to the daemon may start threads: they must not take what is the editor's.
    Suggestions ask(const std::string& line) const {
        const SignalMask hold(SIG_BLOCK);
        return suggest(line);
    }

    /// Lists below the line; libedit then draws the prompt anew.
    unsigned char show(const Suggestions& suggestions) const {
        std::cout << '\n';
        if (suggestions.candidates.empty() && !suggestions.whole) {
            std::cout << "  (nothing fits here)\n";
        }
        list(suggestions, std::cout, screen);
        std::cout.flush();
        return CC_REDISPLAY;
    }

    static unsigned char on_tab(EditLine* edit, int) {
        const State& state = of(edit);
        const std::string line = state.before_cursor();
        const Suggestions suggestions = state.ask(line);
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
        const State& state = of(edit);
        const std::string line = state.before_cursor();
        const api::grammar::Scan scanned = api::grammar::scan(line);
        if (scanned.open != 0 || scanned.comment) {
            el_insertstr(edit, "?");
            return CC_REFRESH;
        }
        return state.show(state.ask(line));
    }

    static unsigned char on_interrupt(EditLine* edit, int) {
        of(edit).dropped = true;
        std::cout << "^C\n" << std::flush;
        return CC_EOF;
    }

    /// libedit would leave the terminal as it is: the key is not a signal while a line is edited.
    static unsigned char on_suspend(EditLine* edit, int) {
        el_set(edit, EL_PREP_TERM, 0);
        struct sigaction plain {};
        struct sigaction before {};
        plain.sa_handler = SIG_DFL;
        sigaction(SIGTSTP, &plain, &before);
        raise(SIGTSTP);
        sigaction(SIGTSTP, &before, nullptr);
        el_set(edit, EL_PREP_TERM, 1);
        std::cout << '\n' << std::flush;
        return CC_REDISPLAY;
    }

    void remember(const std::string& line) {
        HistEvent event;
        // Of equal lines the last one stays.
        for (int found = ::history(history, &event, H_FIRST); found >= 0;
             found = ::history(history, &event, H_NEXT)) {
            if (line == event.str) {
                // It hands out a copy of what it deletes.
                if (::history(history, &event, H_DEL, event.num) == 0) {
                    std::free(const_cast<char*>(event.str));
                }
                break;
            }
        }
        ::history(history, &event, H_ENTER, line.c_str());
    }

    void bind() {
        // The narrow form of this call leaks a copy of the names.
        el_wset(edit, EL_ADDFN, L"sluice-complete", L"Completes the word", &State::on_tab);
        el_wset(edit, EL_ADDFN, L"sluice-help", L"Shows what may follow", &State::on_question);
        el_wset(edit, EL_ADDFN, L"sluice-drop", L"Drops the line", &State::on_interrupt);
        el_wset(edit, EL_ADDFN, L"sluice-suspend", L"Stops the shell", &State::on_suspend);
        el_set(edit, EL_BIND, "\t", "sluice-complete", nullptr);
        el_set(edit, EL_BIND, "?", "sluice-help", nullptr);
        el_set(edit, EL_BIND, "^R", "em-inc-search-prev", nullptr);
        el_set(edit, EL_BIND, "^C", "sluice-drop", nullptr);
        el_set(edit, EL_BIND, "^Z", "sluice-suspend", nullptr);
        // While a line is edited Ctrl-C is a key; while a command runs it is a signal.
        el_set(edit, EL_SETTY, "-d", "-isig", nullptr);
    }
};

Editor::Editor(const Screen& screen, const std::string& history_path,
               std::function<Suggestions(std::string_view)> suggest)
    : state_(std::make_unique<State>(screen, history_path, std::move(suggest))) {
    State& state = *state_;
    std::setlocale(LC_CTYPE, "");

    state.history = history_init();
    HistEvent event;
    history(state.history, &event, H_SETSIZE, static_cast<int>(HistoryFile::most_lines));
    for (const std::string& line : state.file.load()) {
        history(state.history, &event, H_ENTER, line.c_str());
    }

    state.edit = el_init("sluicectl", stdin, stdout, stderr);
    el_set(state.edit, EL_CLIENTDATA, &state);
    el_set(state.edit, EL_PROMPT, &State::show_prompt);
    el_set(state.edit, EL_EDITOR, "emacs");
    el_set(state.edit, EL_SIGNAL, 1);
    el_set(state.edit, EL_HIST, history, state.history);
    state.bind();
    el_source(state.edit, nullptr);
}

Editor::~Editor() {
    history_end(state_->history);
    el_end(state_->edit);
}

std::optional<std::string> Editor::read_line(const std::string& prompt) {
    State& state = *state_;
    state.prompt = prompt;
    state.dropped = false;
    const SignalMask take(SIG_UNBLOCK);
    // The window may have changed while a command ran.
    el_resize(state.edit);
    // Before the prompt is there: what is typed at it, Ctrl-C too, is the editor's.
    el_set(state.edit, EL_PREP_TERM, 1);
    int count = 0;
    const char* text = el_gets(state.edit, &count);
    if (state.dropped) {
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
        state.remember(line);
        state.file.add(line);
    }
    return line;
}

void Editor::hold_signals() {
    const sigset_t set = held_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace cli
