import './node-scope'; // first: what the worker finds there
import '../../../lab/src/engine/worker';
