// The library for C99, and for all that can call C: a page's WebAssembly, Python's ctypes.
//
//   results    What makes or looks up something returns a pointer, NULL if it fails. Other
//   functions
//              return 0, or -1 if they fail; what they were to write is then left alone (but
//              see microgpt_train).
//   errors     Then microgpt_last_error() says why, in the thread that called. Nothing is thrown,
//              printed or ended; NULL for a handle is an error too, and so is an index out of
//              range.
//   ownership  Whoever makes a handle gives it back with the _free of its type (NULL is fine). What
//              a function points to belongs to the handle that it was asked of, and is valid until
//              that handle is changed or freed; a text, until the same handle is asked for another.
//   texts      Given: UTF-8 and a size in bytes, no NUL at the end needed. Handed out: UTF-8 with a
//              NUL at the end; the size goes where a pointer for it is not NULL.
//   threads    One thread at a time for each handle. Handles do not depend on each other, but a
//              graph on its trace.
//   numbers    Doubles, those of the C++ library to the last bit. Matrices lie row by row.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// "1.2.3", by the rules of semver.org.
const char* microgpt_version(void);

// Of the last call that failed in this thread; at most 1,023 bytes.
const char* microgpt_last_error(void);

// Models

typedef struct microgpt_model microgpt_model;

enum { MICROGPT_EDITION_FINAL, MICROGPT_EDITION_FIRST };
enum { MICROGPT_RELU, MICROGPT_RELU_SQUARED };
enum { MICROGPT_ADAM, MICROGPT_SGD };
enum { MICROGPT_SCHEDULE_LINEAR, MICROGPT_SCHEDULE_CONSTANT };

typedef struct {
  int n_layer, n_embd, block_size, n_head, vocab_size;
  int activation;  // MICROGPT_RELU...
  int bos;         // its token id
  size_t num_params;
} microgpt_config;

// A matrix of parameters. Its data may be written, by whom owns the model.
typedef struct {
  const char* name;
  size_t rows, cols;
  double* data;
} microgpt_parameter;

// From the bytes of a model.json.
microgpt_model* microgpt_model_parse(const char* json, size_t size);

// The walkthrough's toy: tokens BOS, a, b, c, two numbers wide, one layer, one head.
microgpt_model* microgpt_model_toy(void);

void microgpt_model_free(microgpt_model* model);

int microgpt_model_config(const microgpt_model* model, microgpt_config* config);

// i: 0 for wte, 1 for wpe, and so on in the order of state_dict.
int microgpt_model_parameter(microgpt_model* model, size_t i, microgpt_parameter* parameter);
size_t microgpt_model_num_parameters(const microgpt_model* model);  // matrices; 0 for NULL

// The text of a model.json.
const char* microgpt_model_json(microgpt_model* model, size_t* size);

// BOS, the ids of the text's letters, BOS. Writes as many as there is room for, and to num_tokens
// how many there are.
int microgpt_encode(const microgpt_model* model, const char* text, size_t size, int* tokens,
                    size_t room, size_t* num_tokens);

// One letter; empty for BOS.
const char* microgpt_token_text(const microgpt_model* model, int token, size_t* size);

// Graphs: every operation on two numbers

typedef struct microgpt_graph microgpt_graph;

enum {  // of a node
  MICROGPT_OP_LEAF,
  MICROGPT_OP_ADD,
  MICROGPT_OP_MUL,
  MICROGPT_OP_POW,
  MICROGPT_OP_LOG,
  MICROGPT_OP_EXP,
  MICROGPT_OP_RELU
};

// Columns: entry i of each is node i's. Children stand before what is made of them.
typedef struct {
  size_t count;
  const uint8_t* op;  // MICROGPT_OP_LEAF...
  const double* data;
  const double* grad;
  const uint32_t* left;  // children; the node itself where it has none
  const uint32_t* right;
  const double* left_local_grad;  // d(node) / d(child)
  const double* right_local_grad;
  const double* exponent;  // of a power
} microgpt_nodes;

// Of statements such as "L = a*b + a; a = 2; b = 3", before the backward pass: + - * / **, log,
// exp, relu and parentheses. An error shows the place.
microgpt_graph* microgpt_graph_parse(const char* expression, size_t size);

// Of a graph that microgpt_graph_parse made; a trace's goes with the trace.
void microgpt_graph_free(microgpt_graph* graph);

size_t microgpt_graph_size(const microgpt_graph* graph);  // nodes; 0 for NULL
int microgpt_graph_root(const microgpt_graph* graph, uint32_t* root);

// Nodes from .. from + count - 1, or those of them that there are.
int microgpt_graph_nodes(const microgpt_graph* graph, size_t from, size_t count,
                         microgpt_nodes* nodes);

// What an expression calls a node; empty where it has no name, and in a trace's graph, whose names
// microgpt_trace_name_of knows.
const char* microgpt_graph_name(microgpt_graph* graph, uint32_t node, size_t* size);

// What some nodes of an expression's graph are for other leaves; the graph keeps its own numbers.
//   leaves: num_leaves of them
//   settings: num_settings times num_leaves values, setting by setting
//   nodes: num_nodes of them, whose values are written to `values`, setting by setting
int microgpt_graph_evaluate(const microgpt_graph* graph, const uint32_t* leaves, size_t num_leaves,
                            const double* settings, size_t num_settings, const uint32_t* nodes,
                            size_t num_nodes, double* values);

// The nodes below the root and the root, children first: microgpt.py's topo. The backward pass
// takes them from the end.
const uint32_t* microgpt_graph_order(const microgpt_graph* graph, size_t* count);

// Sets the gradients to what they are after so many turns of the backward pass, each of which
// passes one node's gradient on to its children. After 0 the root's is 1, and all others are 0;
// SIZE_MAX does all.
int microgpt_backward_step(microgpt_graph* graph, size_t turns);

// One turn more; after the last one nothing changes. Writes how many were done.
int microgpt_backward_next(microgpt_graph* graph, size_t* turns);

// Sets the gradients to the wrong ones that a recursive backward without that order leaves, to show
// it; microgpt_backward_next then starts anew.
int microgpt_backward_recursive(microgpt_graph* graph);

// Traces: every number of one step, by name

typedef struct microgpt_trace microgpt_trace;

typedef struct {
  int backward;  // gradients too
  int update;    // and Adam's update
  int edition;   // MICROGPT_EDITION_FINAL...: how Adam squares
  int64_t step;  // counted from 0; Adam corrects its bias with step + 1
  double learning_rate, beta1, beta2, eps_adam;
  int round;  // decimals to which each number is rounded as it is made, as by hand; -1: it is not
  // Keys and values of positions before the first one traced: [layer][position][n_embd].
  const double* keys;
  const double* values;
  size_t num_given;   // positions; 0: none
  int printed_cache;  // instead: those that the walkthrough prints for its toy
} microgpt_trace_options;

// A number, vector or matrix of the step.
typedef struct {
  const char* name;     // "pos2.layer0.head1.weights"
  const size_t* shape;  // num_dims of them
  size_t num_dims;      // 0: one number
  size_t size;          // numbers
  const double* data;
  const double* grad;     // NULL where there are none: no backward pass yet, or Adam's own numbers
  const uint32_t* nodes;  // of the graph, `size` of them; NULL for Adam's own numbers
  const uint32_t* parents;  // indices of what it was made of
  size_t num_parents;
  const char* formula;  // in microgpt.py's names
  const char* file;     // of this project, "src/reference/gpt.h"; empty for what was given
  int line;
  int python_line;              // of microgpt.py's final edition
  const char* python_function;  // "gpt", "rmsnorm", ...; empty at the top level
} microgpt_traced;

// One number of a trace.
typedef struct {
  uint32_t traced;  // index of what it belongs to
  uint32_t index;   // in its data
} microgpt_element;

enum { MICROGPT_FORMULA_NAMES, MICROGPT_FORMULA_NUMBERS };

// No backward pass, the final edition's Adam at step 0, no rounding, no cache.
void microgpt_default_trace_options(microgpt_trace_options* options);

// One step on one document: BOS, ids, BOS, at most block_size + 1 tokens. The model may be changed
// or freed afterwards. Options may be NULL.
microgpt_trace* microgpt_trace_new(const microgpt_model* model, const int* tokens,
                                   size_t num_tokens, const microgpt_trace_options* options);
void microgpt_trace_free(microgpt_trace* trace);

size_t microgpt_trace_size(const microgpt_trace* trace);  // names; 0 for NULL
int microgpt_trace_at(microgpt_trace* trace, size_t i, microgpt_traced* traced);

// By path, "pos2.layer0.q[3]", and back.
int microgpt_trace_find(const microgpt_trace* trace, const char* path, size_t size,
                        microgpt_element* element);
const char* microgpt_trace_path(microgpt_trace* trace, microgpt_element element, size_t* size);

// The named numbers that one was made of, each once, in the order of its formula; and those that
// were made of it, in the order of making. Writes as many as there is room for, and to count how
// many there are.
int microgpt_trace_parents(const microgpt_trace* trace, microgpt_element element,
                           microgpt_element* parents, size_t room, size_t* count);
int microgpt_trace_users(const microgpt_trace* trace, microgpt_element element,
                         microgpt_element* users, size_t room, size_t* count);

// What a node is; -1 also where it has no name of its own.
int microgpt_trace_name_of(const microgpt_trace* trace, uint32_t node, microgpt_element* element);

// How a number was made, as a Python expression; empty for a parameter.
//   style: MICROGPT_FORMULA_NAMES or MICROGPT_FORMULA_NUMBERS
//   digits: significant ones of each number, 1 to 17; 17: the shortest that keep the bits
const char* microgpt_trace_formula(microgpt_trace* trace, microgpt_element element, int style,
                                   int digits, size_t* size);

// The same for its gradient; empty unless the backward pass is done, and whole.
const char* microgpt_trace_gradient_formula(microgpt_trace* trace, microgpt_element element,
                                            int style, int digits, size_t* size);

// The trace's graph, and a part of it: goes with the trace, and its backward steps set the
// gradients that microgpt_trace_at shows.
microgpt_graph* microgpt_trace_graph(microgpt_trace* trace);

// The loss of that step, without the rest of the trace: faster by far where the options don't ask
// for rounding.
int microgpt_loss(const microgpt_model* model, const int* tokens, size_t num_tokens,
                  const microgpt_trace_options* options, double* loss);

// Its derivative by each number of parameter i, by central differences: (loss with eps more - loss
// with eps less) / 2 eps. Writes rows * cols numbers.
int microgpt_numerical_gradient(const microgpt_model* model, const int* tokens, size_t num_tokens,
                                const microgpt_trace_options* options, size_t i, double eps,
                                double* gradient);

// Training and sampling

typedef struct microgpt_training microgpt_training;
typedef struct microgpt_sampler microgpt_sampler;

// Of a new model and its training, under microgpt.py's names.
typedef struct {
  int edition;  // MICROGPT_EDITION_FINAL...
  int n_layer, n_embd, block_size, n_head;
  int activation;  // MICROGPT_RELU...
  uint64_t seed;
  int64_t num_steps;
  double learning_rate, beta1, beta2, eps_adam, init_std;
  int optimizer;  // MICROGPT_ADAM...
  int schedule;   // MICROGPT_SCHEDULE_LINEAR...
  int batch_size, grad_accum;
} microgpt_settings;

// The constants of an edition.
int microgpt_default_settings(int edition, microgpt_settings* settings);

// Reads documents, one a line, shuffles them and draws the parameters, as microgpt.py does.
// engine: "reference", "exact", "cpu"; NULL: the one that fits. settings: NULL: the final
// edition's.
microgpt_training* microgpt_training_new(const char* documents, size_t size,
                                         const microgpt_settings* settings, const char* engine);
void microgpt_training_free(microgpt_training* training);

// Document i in the order of training, 0 .. num_documents - 1.
size_t microgpt_training_num_documents(const microgpt_training* training);  // 0 for NULL
const char* microgpt_training_document(microgpt_training* training, size_t i, size_t* size);

// Does at most num_steps more steps, fewer where the training ends, and writes the loss of each and
// how many there were, those before an error as well. A loss that is not finite is an error, and
// ends the training for good.
int microgpt_train(microgpt_training* training, size_t num_steps, double* losses, size_t* num_done);

// The model as it is now, with Adam's moments: a handle of its own.
microgpt_model* microgpt_training_model(const microgpt_training* training);

typedef struct microgpt_diff microgpt_diff;

enum {  // parts of a step, in the order in which they are computed
  MICROGPT_STAGE_TOKENS,
  MICROGPT_STAGE_PARAMETERS,
  MICROGPT_STAGE_FORWARD,
  MICROGPT_STAGE_LOSS,
  MICROGPT_STAGE_GRADIENTS,
  MICROGPT_STAGE_UPDATE
};

// The first number that two trainings do not share.
typedef struct {
  int64_t step;      // counted from 1; 0: the same in every bit, and nothing else is told
  int stage;         // MICROGPT_STAGE_TOKENS...
  const char* path;  // "pos2.layer0.q[3]", "tokens[2]", "grad(wte[0][1])", "adam.wte.m[0][1]"
  double a, b;       // NaN in a training that has no such number
} microgpt_difference;

// Trains both on the same documents, each as microgpt_training_new does, for num_steps or until
// their losses differ clearly, and compares every number.
microgpt_diff* microgpt_diff_new(const char* documents, size_t size, const microgpt_settings* a,
                                 const microgpt_settings* b, const char* engine, int64_t num_steps);
void microgpt_diff_free(microgpt_diff* diff);
int microgpt_diff_first(const microgpt_diff* diff, microgpt_difference* difference);

// Draws documents from a model, which may be changed or freed afterwards, as microgpt.py does after
// random.seed(seed). engine: as above.
microgpt_sampler* microgpt_sampler_new(const microgpt_model* model, const char* engine,
                                       uint64_t seed);
void microgpt_sampler_free(microgpt_sampler* sampler);

// The next document, prefix included. temperature: 0 takes the likeliest letter.
const char* microgpt_sample(microgpt_sampler* sampler, const char* prefix, size_t prefix_size,
                            double temperature, size_t* size);

// The logits of the token that follows the beginning of a document. Writes vocab_size numbers.
int microgpt_next_logits(const microgpt_model* model, const char* prefix, size_t size,
                         double* logits);

// What the sampler draws from at these logits: softmax(logits / temperature), or the likeliest
// token alone at temperature 0. Writes `count` probabilities, and their entropy in bits if it is
// asked for.
int microgpt_next_probs(const double* logits, size_t count, double temperature, double* probs,
                        double* entropy);

// Constraints: what a document must be

typedef struct microgpt_constraint microgpt_constraint;

// Documents that a policy has nothing against: the bytes of a policy file, JSON or one word a line.
microgpt_constraint* microgpt_constraint_forbid(const microgpt_model* model, const char* policy,
                                                size_t size);

// Documents that begin and end with a text, have a number of letters, and are made of certain
// letters only. An empty text asks for nothing; neither do 0 and SIZE_MAX.
microgpt_constraint* microgpt_constraint_shape(const microgpt_model* model, const char* starts,
                                               size_t starts_size, const char* ends,
                                               size_t ends_size, size_t min_length,
                                               size_t max_length, const char* letters,
                                               size_t letters_size);

// Documents that both allow, of the same model.
microgpt_constraint* microgpt_constraint_both(const microgpt_constraint* a,
                                              const microgpt_constraint* b);

void microgpt_constraint_free(microgpt_constraint* constraint);

size_t microgpt_constraint_num_states(const microgpt_constraint* constraint);  // 0 for NULL

// Whether a whole document is allowed: writes 1 or 0.
int microgpt_constraint_allows(const microgpt_constraint* constraint, const char* text, size_t size,
                               int* allowed);

// Which tokens may follow the beginning of a document: writes 1 or 0 for each of vocab_size tokens.
// That for BOS says whether it may end there.
int microgpt_constraint_mask(const microgpt_constraint* constraint, const char* text, size_t size,
                             uint8_t* allowed);

// Makes a sampler draw allowed documents only, with the model's own probabilities; NULL: any. The
// constraint may be freed afterwards. tries: how often to draw anew before only allowed letters are
// drawn; 0: 1,000.
int microgpt_sampler_constrain(microgpt_sampler* sampler, const microgpt_constraint* constraint,
                               int tries);

// Guardrails: a bot that keeps to a policy, how likely a model breaks one, and a grader of bots

typedef struct microgpt_bot microgpt_bot;
typedef struct microgpt_audit microgpt_audit;
typedef struct microgpt_grader microgpt_grader;

enum { MICROGPT_GUARD_CERTIFIED, MICROGPT_GUARD_RESAMPLE, MICROGPT_GUARD_OFF };

// Writes how many words the bytes of a policy ban.
int microgpt_policy_num_words(const char* policy, size_t size, size_t* num_words);

// A bot that answers lines of prefixes with names. The model may be changed or freed afterwards.
//   guard: MICROGPT_GUARD_CERTIFIED...
microgpt_bot* microgpt_bot_new(const microgpt_model* model, const char* policy, size_t size,
                               int guard, double temperature, uint64_t seed);
void microgpt_bot_free(microgpt_bot* bot);

// "OK: ann, bo" or "REFUSE: reason".
const char* microgpt_bot_answer(microgpt_bot* bot, const char* request, size_t request_size,
                                size_t* size);

// What is known of the documents that begin with a prefix.
typedef struct {
  const char* prefix;
  double probability;        // that a document begins so
  double at_least, at_most;  // that it is then an unsafe one, without any guard
  int refused;               // by a bot: the policy says so, or no safe document begins so
  const char* witness;       // the likeliest beginning that makes one unsafe; empty if none was met
} microgpt_audited_prefix;

// How likely a document is unsafe because of a word.
typedef struct {
  const char* word;
  double at_least, at_most;
  const char* witness;
} microgpt_audited_word;

// Audits a model: follows what it can write, without any guard, down to beginnings of the
// probability `prune`, given the prefix.
//   prefixes: one a line, shorter than the block; the empty text is one empty prefix
microgpt_audit* microgpt_audit_new(const microgpt_model* model, const char* policy, size_t size,
                                   const char* prefixes, size_t prefixes_size, double temperature,
                                   double prune);
void microgpt_audit_free(microgpt_audit* audit);
size_t microgpt_audit_num_prefixes(const microgpt_audit* audit);  // 0 for NULL
int microgpt_audit_prefix(const microgpt_audit* audit, size_t i, microgpt_audited_prefix* prefix);
size_t microgpt_audit_num_words(const microgpt_audit* audit);  // of the policy; 0 for NULL
int microgpt_audit_word(const microgpt_audit* audit, size_t i, microgpt_audited_word* word);

enum {
  MICROGPT_GROUP_BENIGN,
  MICROGPT_GROUP_ADVERSARIAL,
  MICROGPT_GROUP_FILTER,
  MICROGPT_GROUP_CLARITY,
  MICROGPT_NUM_GROUPS
};

// A case that was judged.
typedef struct {
  int group;           // MICROGPT_GROUP_BENIGN...
  const char* policy;  // its name
  const char* what;    // "a banned word in capitals"
  size_t asked, faulty;
  const char* fault;  // "leak", ... of the worst request, which follows; empty if it passed
  const char* request;
  const char* expected;
  const char* got;
} microgpt_grade_case;

// Draws what a bot is asked: sheets for the policy, and for `hidden` held-out ones.
//   hidden: 0 to 20
//   requests: for the output filter, under each policy, 1 to 1,000,000
microgpt_grader* microgpt_grader_new(const char* policy, size_t size, uint64_t seed, int hidden,
                                     int requests);
void microgpt_grader_free(microgpt_grader* grader);

// Each sheet is a run of the bot: the words that it is told, one a line, and its input.
size_t microgpt_grader_num_sheets(const microgpt_grader* grader);  // 0 for NULL
const char* microgpt_grader_words(microgpt_grader* grader, size_t sheet, size_t* size);
const char* microgpt_grader_input(microgpt_grader* grader, size_t sheet, size_t* size);

// Judges what a bot printed in answer to a sheet.
int microgpt_grader_judge(microgpt_grader* grader, size_t sheet, const char* output, size_t size);

// The cases of all sheets that were judged.
size_t microgpt_grader_num_cases(const microgpt_grader* grader);  // 0 for NULL
int microgpt_grader_case(const microgpt_grader* grader, size_t i, microgpt_grade_case* result);

// Writes the points of each group, MICROGPT_NUM_GROUPS of them, and of all together.
int microgpt_grader_points(const microgpt_grader* grader, double* groups, double* total);

#ifdef __cplusplus
}
#endif
