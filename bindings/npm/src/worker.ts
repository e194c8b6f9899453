import '../../../lab/src/engine/worker';
